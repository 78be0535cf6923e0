-- loses-data: the verdicts of travellers on answers
drop policy read_by_owner on exchanges;
drop policy read_by_owner on turns;
drop table feedback;
