-- Room for one file, before it is dispatched. Asking again only renews the term.
-- USES:  wall clock room items admit
-- KEYS:  items ready leased delayed reserved held steady
-- ARGV:  now file_id term_ms max_size
-- REPLY: 1 reserved, 0 full
local at = clock()
local limit = tonumber(max_size)
if not redis.call('ZSCORE', reserved, file_id) then
  -- Held reports came first; a new file must not take the room they wait for.
  admit_held(at, limit)
  if redis.call('ZCARD', held) > 0 then return 0 end
  if limit > 0 and used(at) >= limit then return 0 end
end
redis.call('ZADD', reserved, at + tonumber(term_ms), file_id)
return 1
