-- The values stay: old code ignores them.
select;
