-- loses-data: the table users
-- The role stays: other databases of the server may use it.
drop table users;
drop function current_traveller();
revoke usage on schema public from pam_app;
