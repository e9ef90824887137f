-- A person has to look: the report leaves the queue, not the spool.
-- USES:  though_full wall clock room items admit
-- KEYS:  items ready leased held tokens buried buried_info lane steady
-- READS: delayed reserved
-- ARGV:  now id token max_size info
-- REPLY: 1 done, 0 no longer yours
if redis.call('HGET', tokens, id) ~= token then return 0 end
local at = clock()
redis.call('HDEL', tokens, id)
redis.call('HDEL', items, id)
redis.call('ZREM', leased, id)
redis.call('ZADD', buried, wall(), id)
redis.call('HSET', buried_info, id, info)
admit_held(at, tonumber(max_size))
-- A server that turns a report down for good reason is well: its probe opens the lane for the others too.
if tonumber(redis.call('HGET', lane, 'gate_until') or '0') <= at then redis.call('HDEL', lane, 'probing') end
return 1
