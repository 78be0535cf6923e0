-- loses-data: the tables notes, turns, messages, conversations
drop table notes;
drop table turns;
drop table messages;
drop table conversations;
