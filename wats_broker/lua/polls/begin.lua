-- A worker got a tick's message and wants to poll the source. One at a time over all hosts, and once per tick.
-- USES:  wall
-- KEYS:  poll
-- ARGV:  now due holder term_ms keep_ms
-- REPLY: {'begun'|'running'|'late', failures in a row so far}
local at = wall()
local function number(field) return tonumber(redis.call('HGET', poll, field) or '0') end
local function drop(why)
  if number('due') == tonumber(due) then redis.call('HDEL', poll, 'due') end
  redis.call('HINCRBY', poll, 'dropped', 1)
  redis.call('PEXPIRE', poll, keep_ms)
  return {why, number('failures')}
end
local left = number('until') - at
-- More than a term is left only when the clock was set back; a holder who lives renews and shortens it.
if left > 0 and left <= number('term') and redis.call('HGET', poll, 'holder') ~= holder then
  return drop('running')
end
-- A poll has begun since this tick: what it would find has been asked for. One "begun" in times to come says
-- that the clock was set back, and nothing about the tick.
local began = number('began')
if tonumber(due) <= began and began <= at then return drop('late') end
redis.call('HSET', poll, 'holder', holder, 'until', at + tonumber(term_ms), 'term', term_ms, 'began', at)
redis.call('HDEL', poll, 'due', 'again', 'rest', 'dropped')
redis.call('PEXPIRE', poll, keep_ms)
return {'begun', number('failures')}
