drop policy read_by_owner on exchanges;
drop policy read_by_owner on turns;
drop table feedback;
