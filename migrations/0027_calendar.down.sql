-- loses-data: the table calendar_events
drop table calendar_events;
