-- A refund is an expense with a negative amount, so that every sum counts it (decision record 0025).
alter table expenses
    drop constraint expenses_amount_check,
    add constraint expenses_amount_check check (amount <> 0 and abs(amount) <= 1000000),
    -- Changes with every correction and deletion, and is restored by their undo; null: as it was recorded. An undo
    -- names the version that it takes back, so that it never takes back a later one.
    add column version uuid;

-- "Make that $54" corrects what the user wrote last.
create index effects_by_time on effects (user_id, done_at);
