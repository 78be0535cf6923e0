-- A fact holds by what was stated last, whoever stated it.
alter table facts rename column last_said_at to last_stated_at;
