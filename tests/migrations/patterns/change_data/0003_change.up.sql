-- batches of 1000: costs by id
update costs set category = 'groceries', category_before = category where category = 'food' and /* batch */ true;
