drop table savings;
