-- tell(): one event into a file's story, the counters and the tail; bounded or expiring, all of them.
-- move(): the same with a change of state, which the caller has found to be allowed. It is counted, and how long the
-- file was in the state before. Stands on count() and observe().
local function tell(at, event, facts)
  redis.call('HINCRBY', counters, 'event:' .. event, 1)
  local entry = cjson.encode({at, event, facts})
  redis.call('RPUSH', story, entry)
  redis.call('LTRIM', story, -100, -1)
  redis.call('ZADD', recent, at, file_id)
  redis.call('XADD', tail, 'MAXLEN', '~', 10000, '*', 'file', file_id, 'event', event)
end

local function keep(seconds)
  for _, structure in ipairs({file, story}) do
    if seconds then redis.call('EXPIRE', structure, seconds) else redis.call('PERSIST', structure) end
  end
end

local function move(old, new, at)
  if old then redis.call('HINCRBY', counters, 'state:' .. old, -1) end
  redis.call('HINCRBY', counters, 'state:' .. new, 1)
  local known = redis.call('HMGET', file, 'source', 'converter', 'since')
  if old and known[3] then observe('stage|' .. old .. '|' .. new, (at - known[3]) * 1000) end
  count('files|' .. (known[1] or 'none') .. '|' .. (known[2] or 'none') .. '|' .. new, 1)
  redis.call('HSET', file, 'state', new, 'since', at)
end
