drop index effects_by_time;
-- `not valid`: refunds that are recorded stay, and no new ones are accepted.
alter table expenses
    drop column version,
    drop constraint expenses_amount_check,
    add constraint expenses_amount_check check (amount > 0 and amount <= 1000000) not valid;

-- Without refunds the constraint is as it was.
do $$
begin
    alter table expenses validate constraint expenses_amount_check;
exception when check_violation then
    null;
end
$$;
