-- A person decided: the buried report is tried again, from its first attempt.
-- USES:  wall clock room items
-- KEYS:  items ready reserved held buried buried_info sequence steady
-- READS: leased delayed
-- ARGV:  now id file_id max_size
-- REPLY: 1 it is back, 0 it was not buried
if redis.call('ZREM', buried, id) == 0 then return 0 end
redis.call('HDEL', buried_info, id)
local at = clock()
local item = {file = file_id, priority = 5, attempts = 0, lost = 0, offered = at, size = 0,
  number = redis.call('INCR', sequence)}
redis.call('HSET', items, id, pack(item))
local limit = tonumber(max_size)
if limit == 0 or (used(at) < limit and redis.call('ZCARD', held) == 0) then
  redis.call('ZADD', ready, place(item), id)
else
  redis.call('ZADD', held, item.number, id)
end
return 1
