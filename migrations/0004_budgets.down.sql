-- loses-data: the table budgets
drop table budgets;
