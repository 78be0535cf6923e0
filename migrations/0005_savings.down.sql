-- loses-data: the table savings
drop table savings;
