-- loses-data: the table vehicles
drop table vehicles;
