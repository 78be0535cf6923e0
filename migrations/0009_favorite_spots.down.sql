-- loses-data: the table favorite_spots
drop table favorite_spots;
