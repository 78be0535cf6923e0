alter table conversations alter column tool_mode drop default;
