revoke update (currency, time_zone, locale, units) on users from pam_app;
alter table users drop column notifications, drop column theme;
revoke delete on friendships from pam_app;
drop policy ended_by_either on friendships;
alter table friendships drop column requested_at;
revoke delete on public_profiles from pam_app;
drop policy deleted_by_oneself on public_profiles;
drop table profile_details;
