-- The words of a deleted fact, as hashes of 16 bits: a later summary that gives its subject another name doesn't bring
-- it back. Rows from before have none, and are recognised by their subject.
alter table deleted_facts add column word_digests integer[] not null default '{}';
grant insert (word_digests), update (word_digests) on deleted_facts to pam_app;
