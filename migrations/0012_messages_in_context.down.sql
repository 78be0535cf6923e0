-- loses-data: the column in_context
alter table messages drop column in_context;
