alter table checklists add column label text;
create policy backfilled_by_owner on checklists to current_user using (true) with check (true);
