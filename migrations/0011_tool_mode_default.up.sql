-- The code no longer writes `tool_mode`: every conversation sends all tools. The column is dropped by a later migration,
-- once no deployed version writes it.
alter table conversations alter column tool_mode set default 'all';
