revoke delete on messages, notes from pam_app;
drop function quarantine_memory_jobs(integer);
drop function claim_memory_jobs(text, integer, integer, integer);
drop table memory_jobs, memory_words, deleted_facts, facts, conversation_episodes, exchanges;
drop function index_memory_words();
drop extension vector;
