do $$
declare
    name text;
begin
    execute format('grant temporary on database %I to public', current_database());
    for name in select tablename from pg_tables where schemaname = 'public' and tablename <> 'schema_versions' loop
        execute format('revoke all on %I from pam_app', name);
    end loop;
    foreach name in array array['vehicles', 'budgets', 'conversations', 'messages', 'turns', 'notes'] loop
        execute format('grant select, insert, update, delete on %I to pam_app', name);
    end loop;
    foreach name in array array['users', 'expenses', 'savings', 'effects'] loop
        execute format('grant select, insert, update on %I to pam_app', name);
    end loop;
    foreach name in array array['trips', 'favorite_spots'] loop
        execute format('grant select, insert, delete on %I to pam_app', name);
    end loop;
    foreach name in array array['lost_turns', 'direct_messages', 'posts'] loop
        execute format('grant select, insert on %I to pam_app', name);
    end loop;
end
$$;
grant select, insert, update (display_name, who_may_write) on public_profiles to pam_app;
grant select, delete, insert (requester, addressee), update (accepted_at) on friendships to pam_app;
alter table direct_messages alter column sent_at drop default;
create policy ended_by_either on friendships for delete
    using ((select current_traveller()) in (requester, addressee));

create unique index public_profiles_by_name on public_profiles (lower(display_name));
alter table public_profiles drop column name_skeleton, drop column caseless_name_skeleton;
drop function caseless_skeleton(text);
drop function skeleton(text);
