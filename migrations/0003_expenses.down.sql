-- loses-data: the table expenses
drop table expenses;
