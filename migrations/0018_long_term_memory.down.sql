-- loses-data: the tables memory_deletions, memory_selections, summary_requests, deleted_facts, memory_words, facts, conversation_episodes; the columns turn_id, remembered, episode_id
revoke delete on exchanges, messages, notes, conversations from pam_app;
revoke update (content) on messages from pam_app;
revoke update (words, length) on exchanges from pam_app;
drop trigger reindex_words on exchanges;
create or replace function index_words() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    if tg_op = 'DELETE' then
        delete from exchange_words
         where user_id = old.user_id and exchange_id = old.id and word = any (tsvector_to_array(old.words));
    else
        insert into exchange_words (user_id, word, exchange_id, occurrences)
        select new.user_id, lexeme, new.id, coalesce(cardinality(positions), 1) from unnest(new.words);
    end if;
    return null;
end
$$;
alter table notes drop column turn_id;
drop policy all_conversations on conversations;
drop function conversations_to_remember(integer);
alter table conversations drop column remembered;
drop function claim_summary_requests(integer, interval, integer), quarantine_summary_requests(integer),
    count_due_summary_requests();
alter table exchanges drop column episode_id;
drop table memory_deletions, memory_selections, summary_requests, deleted_facts, memory_words, facts, conversation_episodes;
drop function index_memory_words();
