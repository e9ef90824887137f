-- Lends the next report for a term. The live leases are the limit on requests in flight, so nothing can leak a slot.
-- USES:  though_full wall clock room items admit gate memory pace
-- KEYS:  items ready leased delayed held tokens buried buried_info drains lane sequence steady pace
-- READS: reserved
-- ARGV:  now permit width per_minute term_ms max_size max_lost met known
-- REPLY: {'lent', id, token, item, life} or {'empty'|'width'|'rate'|'paused'|'gated', ms until it is worth asking again
--        or -1}; `met` and `known` are the life and the largest number that the caller has seen
local at = clock()
local life = remember(at, met, tonumber(known), tonumber(term_ms))

-- A holder that fell silent gives its report back. One that takes every holder down with it goes to a person.
for _, id in ipairs(redis.call('ZRANGEBYSCORE', leased, '-inf', at, 'LIMIT', 0, 100)) do
  redis.call('ZREM', leased, id)
  redis.call('HDEL', tokens, id)
  local item = unpack_item(redis.call('HGET', items, id))
  item.lost = item.lost + 1
  if item.lost >= tonumber(max_lost) then
    redis.call('HDEL', items, id)
    redis.call('ZADD', buried, wall(), id)
    redis.call('HSET', buried_info, id, cjson.encode({file_id = item.file, attempts = item.attempts,
      reason = 'its uploader died ' .. item.lost .. ' times while it held this report', answer = ''}))
  else
    redis.call('HSET', items, id, pack(item))
    redis.call('ZADD', ready, place(item), id)
  end
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', delayed, '-inf', at, 'LIMIT', 0, 100)) do
  redis.call('ZREM', delayed, id)
  redis.call('ZADD', ready, place(unpack_item(redis.call('HGET', items, id))), id)
end
admit_held(at, tonumber(max_size))

if redis.call('HEXISTS', lane, 'paused') == 1 then return {'paused', -1} end
local gate = tonumber(redis.call('HGET', lane, 'gate_until') or '0')
if gate > at then return {'gated', gate - at} end

-- After an outage one report goes ahead alone; when the server takes it, everybody follows.
local limit = tonumber(width)
if redis.call('HEXISTS', lane, 'probing') == 1 then limit = 1 end
if redis.call('ZCARD', leased) >= limit then return {'width', -1} end

if redis.call('ZCARD', ready) == 0 then
  local due = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')
  if #due == 0 then return {'empty', -1} end
  return {'empty', math.max(0, tonumber(due[2]) - at)}
end
local wait = next_turn(at, tonumber(per_minute))
if wait > 0 then return {'rate', wait} end
take_turn(at, tonumber(per_minute))

local id = redis.call('ZPOPMIN', ready)[1]
local token = redis.call('INCR', sequence)
redis.call('HSET', tokens, id, token)
redis.call('ZADD', leased, at + tonumber(term_ms), id)
redis.call('ZADD', drains, at + tonumber(term_ms), permit)
return {'lent', id, token, redis.call('HGET', items, id), life}
