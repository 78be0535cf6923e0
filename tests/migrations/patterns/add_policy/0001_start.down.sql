-- loses-data: all reminders
drop table reminders;
