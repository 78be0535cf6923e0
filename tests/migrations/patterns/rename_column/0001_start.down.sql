-- loses-data: all checklists
drop table checklists;
