-- One request out of a client's bucket: so many a minute, and a burst of them after a pause.
-- USES:  wall
-- KEYS:  bucket
-- ARGV:  now per_minute burst cost
-- REPLY: {1, requests left} or {0, ms until there is one again}; a cost of 0 only asks
local at = wall()
local every = 60000 / tonumber(per_minute)
local whole = every * tonumber(burst)
-- All that is remembered is when the bucket will be full again. More than a whole bucket is missing only when the clock
-- was set back.
local full_at = math.max(at, math.min(tonumber(redis.call('GET', bucket) or '0'), at + whole))
local granted = full_at + every * math.max(1, tonumber(cost)) - at - whole <= 0.01
if granted then full_at = full_at + every * tonumber(cost) end
if full_at > at then redis.call('SET', bucket, string.format('%.3f', full_at), 'PX', math.ceil(full_at - at)) end
if granted then return {1, math.floor((at + whole - full_at) / every + 0.01)} end
return {0, math.ceil(full_at + every - at - whole)}
