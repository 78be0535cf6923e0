-- No code reads or writes the old name any more: what squawk warns of is what is intended. The old column is kept for a
-- release in which the way back is open.
drop trigger write_both_names on checklists;
-- squawk-ignore ban-drop-function
drop function write_both_names();
alter table checklists alter column title set default '';
revoke insert (label), update (label) on checklists from pam_app;
-- squawk-ignore ban-drop-not-null
alter table checklists alter column label drop not null;
-- squawk-ignore ban-drop-default
alter table checklists alter column label drop default;
