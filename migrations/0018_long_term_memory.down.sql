revoke delete on exchanges, messages, notes, conversations from pam_app;
drop policy all_conversations on conversations;
drop function conversations_to_remember(integer);
alter table conversations drop column remembered;
drop function claim_summary_requests(integer, interval, integer), quarantine_summary_requests(integer),
    count_due_summary_requests();
alter table exchanges drop column episode_id;
drop table summary_requests, deleted_facts, memory_words, facts, conversation_episodes;
drop function index_memory_words();
