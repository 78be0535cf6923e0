alter table reminders no force row level security;
alter table reminders disable row level security;
drop policy own_rows on reminders;
