-- No code uses the old column, which stays for the way back: it follows the new one.
revoke insert (odometer_km), update (odometer_km) on readings from pam_app;
