-- Permits for drains that ought to run and do not: the repair of lost wake-ups, of retries that fell due, of dead holders,
-- and of room that nobody has noticed.
-- USES:  though_full wall clock room items admit gate memory pace drains
-- KEYS:  ready held drains lane sequence steady
-- READS: items leased delayed reserved pace
-- ARGV:  now width per_minute max_size term_ms met known
-- REPLY: {{permits for new drains}, life, the largest number}; `met` and `known` are what the caller has seen of both
local at = clock()
local life = remember(at, met, tonumber(known), tonumber(term_ms))
admit_held(at, tonumber(max_size))
local permits = wake(at, tonumber(width), tonumber(per_minute), redis.call('ZCOUNT', delayed, '-inf', at))
return {permits, life, tonumber(redis.call('GET', sequence) or '0')}
