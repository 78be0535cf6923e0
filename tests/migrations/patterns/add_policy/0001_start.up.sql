-- A table without row security: each query has its own condition on the user.
create table reminders (
    id      bigint generated always as identity primary key,
    user_id uuid   not null,
    note    text   not null
);
grant select, insert (user_id, note) on reminders to pam_app;
