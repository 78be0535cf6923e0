-- Who has joined an event may leave it. The seat is free then.
create policy left_by_oneself on event_attendees for delete using (user_id = (select current_traveller()));
grant delete on event_attendees to pam_app;
