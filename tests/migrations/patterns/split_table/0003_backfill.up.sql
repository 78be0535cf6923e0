-- batches of 1000: rigs by id
insert into insurances (rig_id, user_id, insurer, policy_number)
select id, user_id, insurer, policy_number from rigs
 where num_nonnulls(insurer, policy_number) > 0 and /* batch */ true
on conflict (rig_id) do nothing;
