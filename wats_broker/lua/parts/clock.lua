-- clock(): milliseconds by the server's clock, the only one that all workers share, made steady. Terms and waits run on it.
-- It only goes forward, and at most 5 s at a time: a clock that is set back or leaps ahead ends no term early and makes
-- no wait longer, nor does a pause in which the server was away or hung, since nobody could renew anything meanwhile.
-- Stands on wall(), and on the key `steady`.
local function clock()
  local shown = wall()
  if now ~= '' then return shown end
  local before = redis.call('HMGET', steady, 'shown', 'at')
  local at = shown
  if before[1] then at = before[2] + math.min(math.max(shown - before[1], 0), 5000) end
  redis.call('HSET', steady, 'shown', shown, 'at', at)
  return at
end
