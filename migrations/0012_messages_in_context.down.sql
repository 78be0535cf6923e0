alter table messages drop column in_context;
