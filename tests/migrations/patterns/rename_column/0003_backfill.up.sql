-- batches of 1000: checklists by id
update checklists set title = label where title is null and /* batch */ true;
