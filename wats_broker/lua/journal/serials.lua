-- Remember which units a file told of, so that it is found by them. What was told first is forgotten first.
-- USES:  wall
-- KEYS:  serials serials_order
-- ARGV:  now most keep_ms entries...
-- REPLY: 1; an entry is a serial number, a line feed and a file id
local at = wall()
for _, entry in ipairs(entries) do
  redis.call('ZADD', serials, 0, entry)
  redis.call('ZADD', serials_order, at, entry)
end
local function forget(old)
  if #old > 0 then
    redis.call('ZREM', serials, unpack(old))
    redis.call('ZREM', serials_order, unpack(old))
  end
end
-- A little more than came in, so that it never takes long and gets there all the same.
local portion = 2 * #entries + 10
forget(redis.call('ZRANGEBYSCORE', serials_order, '-inf', at - tonumber(keep_ms), 'LIMIT', 0, portion))
local surplus = redis.call('ZCARD', serials_order) - tonumber(most)
if surplus > 0 then forget(redis.call('ZRANGE', serials_order, 0, math.min(surplus, portion) - 1)) end
redis.call('PEXPIRE', serials, keep_ms)
redis.call('PEXPIRE', serials_order, keep_ms)
return 1
