-- Permits for drains that ought to run and do not: the repair of lost wake-ups, of retries that fell due, of dead holders,
-- and of room that nobody has noticed.
-- USES:  though_full wall clock room items admit pace drains
-- KEYS:  items ready leased delayed reserved held drains lane sequence steady pace
-- ARGV:  now width per_minute max_size
-- REPLY: {permits for new drains}
local at = clock()
admit_held(at, tonumber(max_size))
return wake(at, tonumber(width), tonumber(per_minute), redis.call('ZCOUNT', delayed, '-inf', at))
