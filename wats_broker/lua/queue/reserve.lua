-- Room for files in their order, before they are dispatched. Asking again only renews the term.
-- USES:  wall clock room items admit
-- KEYS:  ready reserved held steady
-- READS: items leased delayed
-- ARGV:  now term_ms max_size files...
-- REPLY: how many have room now, from the first; then it is full
local at = clock()
local limit = tonumber(max_size)
-- Who asks for room forgets those that have lost theirs, so that they don't pile up.
local stale = redis.call('ZRANGEBYSCORE', reserved, '-inf', at, 'LIMIT', 0, 100)
if #stale > 0 then redis.call('ZREM', reserved, unpack(stale)) end
-- Held reports came first; a new file must not take the room they wait for.
admit_held(at, limit)
local room = limit == 0 and #files or limit - used(at)
if redis.call('ZCARD', held) > 0 then room = 0 end

for index, file in ipairs(files) do
  local ends = redis.call('ZSCORE', reserved, file)
  if not ends or tonumber(ends) <= at then
    if room <= 0 then return index - 1 end
    room = room - 1
  end
  redis.call('ZADD', reserved, at + tonumber(term_ms), file)
end
return #files
