-- loses-data: the table lost_turns; the columns call_id, turn_id
drop table lost_turns;
drop index effects_of_turn;
alter table effects drop column call_id, drop column turn_id;
