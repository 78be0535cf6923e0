-- batches of 1000: costs by id
-- A row that was given another category meanwhile keeps it.
update costs
   set category = case category when 'groceries' then category_before else category end, category_before = null
 where category_before is not null and /* batch */ true;
