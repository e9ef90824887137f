-- A worker wants to convert a file. One at a time; a holder that fell silent loses it when its term is over.
-- USES:  wall metrics story
-- KEYS:  file story counters metrics recent tail
-- ARGV:  now file_id worker term_ms
-- REPLY: {'taken'|'busy'|'finished'|'unknown', attempts, holders that died with it}
local at = wall()
local old = redis.call('HGET', file, 'state')
if not old then return {'unknown', 0, 0} end
local attempts = tonumber(redis.call('HGET', file, 'attempts') or '0')
if old == 'converting' then
  -- What is left of a hold is no more than a term, unless the clock was set back: then nobody renews it.
  local left = tonumber(redis.call('HGET', file, 'until') or '0') - at
  if redis.call('HGET', file, 'worker') ~= worker and left > 0 and left <= tonumber(term_ms) then
    return {'busy', attempts, 0}
  end
  redis.call('HINCRBY', file, 'deaths', 1)
elseif old ~= 'seen' and old ~= 'suspended' then
  return {'finished', attempts, 0}
end
attempts = redis.call('HINCRBY', file, 'attempts', 1)
if old ~= 'converting' then move(old, 'converting', at) end
redis.call('HSET', file, 'worker', worker, 'until', at + tonumber(term_ms))
tell(at, 'file_taken', {worker = worker, attempt = attempts})
return {'taken', attempts, tonumber(redis.call('HGET', file, 'deaths') or '0')}
