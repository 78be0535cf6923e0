-- loses-data: the tables embedding_requests, exchange_words, exchanges
drop function quarantine_embedding_requests(integer);
drop function claim_embedding_requests(integer, interval, integer);
drop table embedding_requests, exchange_words, exchanges;
drop function index_words();
drop extension vector;
