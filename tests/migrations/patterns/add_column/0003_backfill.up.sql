-- batches of 1000: turns by user_id, id
update turns set tool_calls_json = '[]' where tool_calls_json is null and /* batch */ true;
