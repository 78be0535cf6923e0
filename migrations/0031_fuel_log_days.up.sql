-- The day of a fill-up follows that of its expense.
grant update (filled_on) on fuel_log to pam_app;
