-- loses-data: the tables event_attendees, events, shared_places, post_likes, comments; the column words
drop table event_attendees;
drop table events;
drop table shared_places;
revoke insert (created_at) on follows from pam_app;
drop table post_likes;
drop table comments;
alter table posts drop column words;
drop policy read_by_audience on posts;
create policy read_by_all on posts for select using ((select current_traveller()) is not null);
drop index public_profiles_with_less_activity;
drop function sees_activity(uuid);
