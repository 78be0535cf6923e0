drop table posts;
drop table direct_messages;
drop table friendships;
drop table public_profiles;
