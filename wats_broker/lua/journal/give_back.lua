-- A worker can't finish a file, for no fault of the file: it is as if it had not been taken.
-- USES:  wall metrics story
-- KEYS:  file story counters metrics recent tail
-- ARGV:  now file_id worker facts
-- REPLY: 1 given back, 0 the file is no longer yours
if redis.call('HGET', file, 'state') ~= 'converting' or redis.call('HGET', file, 'worker') ~= worker then return 0 end
local at = wall()
redis.call('HDEL', file, 'worker', 'until')
redis.call('HINCRBY', file, 'attempts', -1)
redis.call('HSET', file, 'sent_at', at)
move('converting', 'seen', at)
tell(at, 'file_given_back', cjson.decode(facts))
return 1
