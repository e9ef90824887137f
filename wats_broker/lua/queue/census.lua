-- How full everything is, at one moment, in constant time.
-- USES:  though_full wall clock room items
-- KEYS:  steady
-- READS: items ready leased delayed reserved held buried delivered lane
-- ARGV:  now
-- REPLY: {ready, leased, delayed, reserved, held, buried, delivered, paused reason, ms the gate stays shut, gate reason,
--        1 if a report is to go ahead alone, ms that the oldest report has waited}
local at = clock()
-- The heads of the three; ready reports stand in order of time but for their priority.
local oldest = at
for _, structure in ipairs({ready, delayed, held}) do
  local head = redis.call('ZRANGE', structure, 0, 0)[1]
  local item = head and redis.call('HGET', items, head)
  if item then oldest = math.min(oldest, unpack_item(item).offered) end
end
local gate = tonumber(redis.call('HGET', lane, 'gate_until') or '0')
return {redis.call('ZCARD', ready), redis.call('ZCARD', leased), redis.call('ZCARD', delayed),
  rooms(at), redis.call('ZCARD', held), redis.call('ZCARD', buried),
  redis.call('ZCARD', delivered), redis.call('HGET', lane, 'paused') or '', math.max(0, gate - at),
  redis.call('HGET', lane, 'gate_reason') or '', redis.call('HEXISTS', lane, 'probing'), at - oldest}
