drop table expenses;
