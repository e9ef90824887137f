-- The holder goes home; the next one need not wait for its term.
-- KEYS:  lease
-- ARGV:  holder
-- REPLY: 1 it was ours, 0 it was not
if redis.call('GET', lease) == holder then return redis.call('DEL', lease) end
return 0
