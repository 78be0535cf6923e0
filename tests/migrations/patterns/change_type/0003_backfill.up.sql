-- batches of 1000: readings by id
update readings set odometer_exact_km = odometer_km where odometer_exact_km is null and /* batch */ true;
