-- A claimed file enters the journal, or is recognised.
-- USES:  wall story
-- KEYS:  file story counters recent tail sources
-- ARGV:  now file_id source name size pool priority
-- REPLY: 'new', 'again' (known already) or 'revived' (it was quarantined and gets another chance)
local at = wall()
local old = redis.call('HGET', file, 'state')
redis.call('HSET', sources, source, cjson.encode({at / 1000, name}))
if old and old ~= 'quarantined' then
  tell(at, 'file_seen_again', {name = name})
  return 'again'
end
redis.call('HSET', file, 'source', source, 'name', name, 'size', size, 'pool', pool, 'priority', priority,
  'seen_at', at, 'sent_at', at, 'attempts', 0)
redis.call('HDEL', file, 'worker', 'until', 'reason', 'deaths')
move(old or nil, 'seen')
keep(nil)
tell(at, old and 'file_revived' or 'file_seen', {name = name})
return old and 'revived' or 'new'
