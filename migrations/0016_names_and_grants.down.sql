create unique index public_profiles_by_name on public_profiles (lower(display_name));
alter table public_profiles drop column name_skeleton, drop column caseless_name_skeleton;
drop function caseless_skeleton(text);
drop function skeleton(text);
