-- The files that have had room reserved for longer than a while.
-- USES:  though_full wall clock
-- KEYS:  steady
-- READS: reserved
-- ARGV:  now term_ms age_ms
-- REPLY: {file id, …}, at most 1000 of them
local before = clock() + tonumber(term_ms) - tonumber(age_ms)
return redis.call('ZRANGEBYSCORE', reserved, '-inf', before, 'LIMIT', 0, 1000)
