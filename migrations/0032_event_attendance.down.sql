revoke delete on event_attendees from pam_app;
drop policy left_by_oneself on event_attendees;
