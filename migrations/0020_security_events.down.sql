-- loses-data: the tables write_audit, screen_allowances, security_events
drop trigger audit_undo on effects;
drop trigger audit_write on effects;
drop function audit_write();
drop table write_audit, screen_allowances, security_events;
