-- The holder is still at work. Refused when the report was lent to somebody else, delivered or taken away.
-- USES:  though_full wall clock
-- KEYS:  leased steady
-- READS: tokens
-- ARGV:  now id token term_ms
-- REPLY: 1 renewed, 0 no longer yours
if redis.call('HGET', tokens, id) ~= token then return 0 end
redis.call('ZADD', leased, 'XX', clock() + tonumber(term_ms), id)
return 1
