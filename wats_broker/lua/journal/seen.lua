-- A claimed file enters the journal, or is recognised.
-- USES:  wall metrics story
-- KEYS:  file story counters metrics recent tail sources
-- ARGV:  now file_id source name size pool priority waited_ms
-- REPLY: 'new', 'again' (known already) or 'revived' (it was quarantined and gets another chance); `waited_ms` is how
--        long it had been finished when it was claimed, '' if nobody knows
local at = wall()
local old = redis.call('HGET', file, 'state')
redis.call('HSET', sources, source, cjson.encode({at / 1000, name}))
if waited_ms ~= '' then observe('claim', tonumber(waited_ms) * 1000) end
if old and old ~= 'quarantined' then
  count('claims|' .. source .. '|again', 1)
  tell(at, 'file_seen_again', {name = name})
  return 'again'
end
redis.call('HSET', file, 'source', source, 'name', name, 'size', size, 'pool', pool, 'priority', priority,
  'seen_at', at, 'sent_at', at, 'attempts', 0)
redis.call('HDEL', file, 'worker', 'until', 'reason', 'deaths', 'converter')
count('claims|' .. source .. (old and '|revived' or '|new'), 1)
move(old or nil, 'seen', at)
keep(nil)
tell(at, old and 'file_revived' or 'file_seen', {name = name})
return old and 'revived' or 'new'
