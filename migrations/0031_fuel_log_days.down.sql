revoke update (filled_on) on fuel_log from pam_app;
