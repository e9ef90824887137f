-- An event in a file's life, with or without a change of state. What happened already happens without effect.
-- USES:  wall metrics story
-- KEYS:  file story counters metrics recent tail
-- ARGV:  now file_id event state origins retention_s facts tallies fields...
-- REPLY: 1 written, 0 it is in that state already, -1 that move is not allowed, or nobody knows the file
local at = wall()
local old = redis.call('HGET', file, 'state')
if state ~= '' then
  if old == state then return 0 end
  if not old or not string.find(origins, ' ' .. old .. ' ', 1, true) then return -1 end
  redis.call('HDEL', file, 'worker', 'until')
  for index = 1, #fields, 2 do redis.call('HSET', file, fields[index], fields[index + 1]) end
  move(old, state, at) -- by now the file knows its converter
end
if tallies ~= '' then
  local whose = redis.call('HMGET', file, 'source', 'converter')
  tally(tallies, (whose[1] or 'none') .. '|' .. (whose[2] or 'none'))
end
tell(at, event, cjson.decode(facts))
if state ~= '' then
  keep(retention_s ~= '' and tonumber(retention_s) or nil)
elseif not old then
  redis.call('EXPIRE', story, 86400) -- of a file that was forgotten meanwhile
end
return 1
