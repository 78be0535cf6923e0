drop table notes;
drop table turns;
drop table messages;
drop table conversations;
