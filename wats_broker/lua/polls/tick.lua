-- A tick for a scheduled source: is it worth a message? One that can't be used is dropped and counted.
-- USES:  wall
-- KEYS:  poll
-- ARGV:  now planned lost asked next_ms keep_ms
-- REPLY: {'due'|'running'|'resting'|'waiting', the tick's time}
local at = wall()
local function number(field) return tonumber(redis.call('HGET', poll, field) or '0') end
-- What is left of a term or a rest is no more than all of it, unless the clock was set back: then it is over.
local function lasts(field, whole)
  local left = number(field) - at
  return left > 0 and left <= number(whole)
end
if planned == '1' then redis.call('HSET', poll, 'ticked', at, 'next', next_ms) end
redis.call('PEXPIRE', poll, keep_ms)
local why
if lasts('until', 'term') then why = 'running'
elseif asked == '' and lasts('again', 'rest') then why = 'resting'
elseif asked == '' and lost == '' and number('due') > 0 then why = 'waiting' end
if why then
  redis.call('HINCRBY', poll, 'dropped', 1)
  return {why, at}
end
-- Within one millisecond of the last poll's beginning it is a later tick all the same, and not one too late.
if at == number('began') then at = at + 1 end
redis.call('HSET', poll, 'due', at)
redis.call('HDEL', poll, 'again', 'rest')
redis.call('PEXPIRE', poll, keep_ms)
return {'due', at}
