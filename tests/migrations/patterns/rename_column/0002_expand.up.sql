-- Both names exist, and whichever one is written, the other one follows.
alter table checklists add column title text;
grant insert (title), update (title) on checklists to pam_app;
create function write_both_names() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.title is null then
            new.title = new.label;
        else
            new.label = new.title;
        end if;
    elsif new.label is distinct from old.label then
        new.title = new.label;
    elsif new.title is distinct from old.title and new.title is not null then
        new.label = new.title;
    end if;
    return new;
end
$$;
create trigger write_both_names before insert or update on checklists
    for each row execute function write_both_names();
create policy backfilled_by_owner on checklists to current_user using (true) with check (true);
