-- No code reads or writes the old name any more. It is kept for a release in which the way back is open.
drop trigger write_both_names on checklists;
drop function write_both_names();
alter table checklists alter column title set default '';
revoke insert (label), update (label) on checklists from pam_app;
alter table checklists alter column label drop not null;
alter table checklists alter column label drop default;
