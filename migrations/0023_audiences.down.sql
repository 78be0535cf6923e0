-- loses-data: the table follows; the columns who_sees_profile, who_sees_place, who_sees_activity
drop function is_in_audience(uuid, text);
drop table follows;
alter table public_profiles drop column who_sees_profile, drop column who_sees_place, drop column who_sees_activity;
