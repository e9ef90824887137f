-- How full everything is, at one moment, in constant time.
-- USES:  though_full wall clock room
-- KEYS:  ready leased delayed reserved held buried delivered lane steady
-- ARGV:  now
-- REPLY: {ready, leased, delayed, reserved, held, buried, delivered, paused reason, ms the gate stays shut, gate reason}
local at = clock()
used(at)
local gate = tonumber(redis.call('HGET', lane, 'gate_until') or '0')
return {redis.call('ZCARD', ready), redis.call('ZCARD', leased), redis.call('ZCARD', delayed),
  redis.call('ZCARD', reserved), redis.call('ZCARD', held), redis.call('ZCARD', buried),
  redis.call('ZCARD', delivered), redis.call('HGET', lane, 'paused') or '', math.max(0, gate - at),
  redis.call('HGET', lane, 'gate_reason') or ''}
