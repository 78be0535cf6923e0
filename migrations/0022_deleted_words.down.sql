-- loses-data: the column word_digests
alter table deleted_facts drop column word_digests;
