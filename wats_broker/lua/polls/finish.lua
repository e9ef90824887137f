-- A poll is over. `again_ms` asks for another one besides the schedule, so long after this one; '' for none.
-- USES:  wall
-- KEYS:  poll
-- ARGV:  now holder outcome reason taken again_ms keep_ms
-- REPLY: 1 written, 0 somebody else polls the source by now
local at = wall()
if redis.call('HGET', poll, 'holder') ~= holder then return 0 end
redis.call('HDEL', poll, 'holder', 'until', 'term')
redis.call('HSET', poll, 'ended', at, 'outcome', outcome, 'reason', reason, 'taken', taken)
redis.call('HINCRBY', poll, 'total', taken)
if outcome == 'failed' then
  redis.call('HINCRBY', poll, 'failures', 1)
elseif outcome ~= 'full' then
  redis.call('HDEL', poll, 'failures')
end
if again_ms ~= '' then redis.call('HSET', poll, 'again', at + tonumber(again_ms), 'rest', again_ms) end
redis.call('PEXPIRE', poll, keep_ms)
return 1
