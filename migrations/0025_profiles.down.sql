-- loses-data: the table profile_details; the columns notifications, theme, requested_at
revoke update (currency, time_zone, locale, units) on users from pam_app;
grant update (id) on users to pam_app;
alter table users drop column notifications, drop column theme;
revoke delete on friendships from pam_app;
drop policy ended_by_either on friendships;
alter table friendships drop column requested_at;
revoke delete on public_profiles from pam_app;
drop policy deleted_by_oneself on public_profiles;
grant insert (who_sees_profile, who_sees_place, who_sees_activity) on public_profiles to pam_app;
drop table profile_details;
