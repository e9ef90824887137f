-- The server has the report. Believed from anybody, a stale holder too: what is stored is stored.
-- USES:  though_full wall clock room items admit pace drains metrics
-- KEYS:  items ready leased delayed held tokens buried buried_info delivered drains lane sequence steady metrics
-- READS: reserved pace
-- ARGV:  now id token max_size width per_minute keep_ms keep_count
-- REPLY: {1 the lease was yours, 0 it was not, {permits for new drains}}
local at = clock()
local mine = redis.call('HGET', tokens, id) == token and 1 or 0
local item = redis.call('HGET', items, id)
if item then observe('delivery', (at - unpack_item(item).offered) * 1000) end
redis.call('HDEL', items, id)
redis.call('HDEL', tokens, id)
redis.call('HDEL', buried_info, id)
for _, structure in ipairs({ready, leased, delayed, held, buried}) do redis.call('ZREM', structure, id) end

redis.call('ZADD', delivered, at, id)
redis.call('ZREMRANGEBYSCORE', delivered, '-inf', at - tonumber(keep_ms))
local surplus = redis.call('ZCARD', delivered) - tonumber(keep_count)
if surplus > 0 then redis.call('ZREMRANGEBYRANK', delivered, 0, math.min(surplus, 100) - 1) end

admit_held(at, tonumber(max_size))
-- A success reopens the lane only when it was the probe: one that was already under way when the gate was shut
-- (a 429 to a neighbour, say) says nothing about the time the server asked for.
local gate = tonumber(redis.call('HGET', lane, 'gate_until') or '0')
if gate > at or redis.call('HDEL', lane, 'probing', 'gate_until', 'gate_reason') == 0 then return {mine, {}} end
-- The others all went home while the lane was gated.
return {mine, wake(at, tonumber(width), tonumber(per_minute), 0)}
