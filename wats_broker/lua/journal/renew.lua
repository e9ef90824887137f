-- The worker is still at this file.
-- USES:  wall
-- KEYS:  file
-- ARGV:  now worker term_ms
-- REPLY: 1 renewed, 0 the file is no longer yours
if redis.call('HGET', file, 'worker') ~= worker then return 0 end
redis.call('HSET', file, 'until', wall() + tonumber(term_ms))
return 1
