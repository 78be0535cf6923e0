-- No code uses the old columns. They stay for the way back, and follow the new table.
revoke insert (insurer, policy_number), update (insurer, policy_number) on rigs from pam_app;
