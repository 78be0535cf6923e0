-- The old name gets what was written to the new one meanwhile, before old code is deployed again.
alter table checklists alter column title drop default;
update checklists set label = coalesce(title, label, '') where label is distinct from title;
alter table checklists alter column label set default '';
alter table checklists alter column label set not null;
grant insert (label), update (label) on checklists to pam_app;
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
