grant insert (insurer, policy_number), update (insurer, policy_number) on rigs to pam_app;
