alter table deleted_facts drop column word_digests;
