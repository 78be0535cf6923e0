-- loses-data: fractions of kilometres that new code wrote
drop policy backfilled_by_owner on readings;
drop trigger write_both_types on readings;
drop function write_both_types();
alter table readings drop column odometer_exact_km;
