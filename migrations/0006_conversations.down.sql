drop table turns;
drop table messages;
drop table conversations;
