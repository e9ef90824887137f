-- The worker is still polling.
-- USES:  wall
-- KEYS:  poll
-- ARGV:  now holder term_ms
-- REPLY: 1 renewed, 0 somebody else polls the source by now
if redis.call('HGET', poll, 'holder') ~= holder then return 0 end
redis.call('HSET', poll, 'until', wall() + tonumber(term_ms), 'term', term_ms)
return 1
