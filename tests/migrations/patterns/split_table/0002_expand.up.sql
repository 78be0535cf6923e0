-- What old code writes to the one table is written to the other one as well, and the reverse.
create table insurances (
    rig_id        bigint primary key references rigs (id) on delete cascade,
    user_id       uuid   not null,
    insurer       text,
    policy_number text
);
alter table insurances enable row level security;
alter table insurances force row level security;
create policy own_rows on insurances
    using (user_id = nullif(current_setting('app.user_id', true), '')::uuid)
    with check (user_id = nullif(current_setting('app.user_id', true), '')::uuid);
grant select, insert, update on insurances to pam_app;
create policy backfilled_by_owner on rigs to current_user using (true) with check (true);
create policy backfilled_by_owner on insurances to current_user using (true) with check (true);

create function copy_to_insurances() returns trigger language plpgsql as $$
begin
    if num_nonnulls(new.insurer, new.policy_number) > 0 or tg_op = 'UPDATE' then
        insert into insurances (rig_id, user_id, insurer, policy_number)
        values (new.id, new.user_id, new.insurer, new.policy_number)
        on conflict (rig_id) do update set insurer = excluded.insurer, policy_number = excluded.policy_number
         where (insurances.insurer, insurances.policy_number) is distinct from (excluded.insurer, excluded.policy_number);
    end if;
    return null;
end
$$;
create trigger copy_inserted after insert on rigs for each row execute function copy_to_insurances();
create trigger copy_updated after update of insurer, policy_number on rigs
    for each row when ((old.insurer, old.policy_number) is distinct from (new.insurer, new.policy_number))
    execute function copy_to_insurances();

-- As the owner: the app's role may no longer write the old columns after the contraction.
create function copy_to_rigs() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    update rigs set insurer = new.insurer, policy_number = new.policy_number
     where id = new.rig_id and (insurer, policy_number) is distinct from (new.insurer, new.policy_number);
    return null;
end
$$;
create trigger copy_back after insert or update on insurances for each row execute function copy_to_rigs();
