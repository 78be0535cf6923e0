-- loses-data: the table fact_sources; the columns value_ids, effect_ids, is_typed
alter table memory_selections drop column value_ids, drop column effect_ids;
alter table facts add column source_turn_ids uuid[] not null default '{}';
alter table facts no force row level security;
alter table fact_sources no force row level security;
update facts f
   set source_turn_ids = array(select s.turn_id from fact_sources s where s.user_id = f.user_id and s.fact_id = f.id
                                order by s.stated_at desc, s.turn_id limit 20);
alter table facts force row level security;
grant insert (source_turn_ids), update (source_turn_ids) on facts to pam_app;
drop table fact_sources;
alter table facts drop column is_typed;
