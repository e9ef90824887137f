-- Room for files in their order, before they are dispatched. Asking again only renews the term.
-- USES:  wall clock room items admit
-- KEYS:  items ready leased delayed reserved held steady
-- ARGV:  now term_ms max_size files...
-- REPLY: how many have room now, from the first; then it is full
local at = clock()
local limit = tonumber(max_size)
-- Held reports came first; a new file must not take the room they wait for.
admit_held(at, limit)
local room = limit == 0 and #files or limit - used(at)
if redis.call('ZCARD', held) > 0 then room = 0 end

for index, file in ipairs(files) do
  if not redis.call('ZSCORE', reserved, file) then
    if room <= 0 then return index - 1 end
    room = room - 1
  end
  redis.call('ZADD', reserved, at + tonumber(term_ms), file)
end
return #files
