drop table favorite_spots;
