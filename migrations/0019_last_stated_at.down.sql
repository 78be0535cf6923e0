alter table facts rename column last_stated_at to last_said_at;
