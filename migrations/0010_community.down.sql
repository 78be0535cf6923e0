-- loses-data: the tables posts, direct_messages, friendships, public_profiles
drop table posts;
drop table direct_messages;
drop table friendships;
drop table public_profiles;
