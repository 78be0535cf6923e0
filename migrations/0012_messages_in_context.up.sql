-- The messages of a refused question stay stored, and aren't sent to Claude again.
alter table messages add column in_context boolean not null default true;
