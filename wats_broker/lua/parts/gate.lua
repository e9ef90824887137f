-- shut(): nobody leases until then (the later of old and new); afterwards one report goes ahead alone.
local function shut(until_ms, reason)
  if until_ms > tonumber(redis.call('HGET', lane, 'gate_until') or '0') then
    redis.call('HSET', lane, 'gate_until', until_ms, 'gate_reason', reason)
  end
  redis.call('HSET', lane, 'probing', 1)
end
