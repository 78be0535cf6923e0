grant insert (odometer_km), update (odometer_km) on readings to pam_app;
