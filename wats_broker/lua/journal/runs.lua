-- Remember runs, and tell who was remembered for each before. What was seen first, or least, is forgotten first.
-- KEYS:  runs runs_order runs_of_unit
-- ARGV:  most told...
-- REPLY: for each run the other report that stood for it, or '', and how many runs of its unit were known before it;
--        `told` is run, unit, report, run, …
local reply = {}
for index = 1, #told, 3 do
  local run, unit, report = told[index], told[index + 1], told[index + 2]
  local known = redis.call('HGET', runs, run)
  local count = tonumber(redis.call('ZSCORE', runs_of_unit, unit) or '0')
  if not known then
    redis.call('HSET', runs, run, report)
    redis.call('RPUSH', runs_order, run)
    redis.call('ZINCRBY', runs_of_unit, 1, unit)
  elseif known == report then
    count = math.max(count - 1, 0) -- it is told a second time, after a redelivery
  end
  reply[#reply + 1] = (known and known ~= report) and known or ''
  reply[#reply + 1] = count
end
while redis.call('LLEN', runs_order) > tonumber(most) do
  redis.call('HDEL', runs, redis.call('LPOP', runs_order))
end
while redis.call('ZCARD', runs_of_unit) > tonumber(most) do redis.call('ZPOPMIN', runs_of_unit) end
return reply
