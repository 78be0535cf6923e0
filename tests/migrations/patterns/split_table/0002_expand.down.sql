-- loses-data: the table insurances, whose values are in rigs as well
drop trigger copy_inserted on rigs;
drop trigger copy_updated on rigs;
drop table insurances;
drop function copy_to_insurances();
drop function copy_to_rigs();
drop policy backfilled_by_owner on rigs;
