-- Not now: the holder gives the report back, to wait for a while or to be next again.
-- USES:  though_full wall clock items
-- KEYS:  items ready leased delayed tokens steady
-- ARGV:  now id token delay_ms counts
-- REPLY: 1 done, 0 no longer yours
if redis.call('HGET', tokens, id) ~= token then return 0 end
redis.call('HDEL', tokens, id)
redis.call('ZREM', leased, id)
local item = unpack_item(redis.call('HGET', items, id))
item.attempts = item.attempts + tonumber(counts)
redis.call('HSET', items, id, pack(item))
if tonumber(delay_ms) > 0 then
  redis.call('ZADD', delayed, clock() + tonumber(delay_ms), id)
else
  redis.call('ZADD', ready, place(item), id)
end
return 1
