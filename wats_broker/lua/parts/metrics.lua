-- count(name, by): adds to a counter of the factory. observe(name, us): one duration into its histogram.
-- tally(text, whose): both, as Python tells them ("name by name by …"); a name that begins with "~" is observed, and "$"
-- stands for whose it is. Names are "family|label|label"; of more than 20000 the labels of new ones become "other".
local bounds = {1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000,
  30000000, 60000000, 300000000, 1800000000, 7200000000}

local function count(name, by)
  if redis.call('HINCRBY', metrics, name, by) == by and redis.call('HLEN', metrics) > 20000 then
    redis.call('HDEL', metrics, name)
    redis.call('HINCRBY', metrics, (string.gsub(name, '|[^|#]*', '|other')), by)
  end
end

local function observe(name, us)
  us = math.max(0, us) -- the clock may have been set back since
  local bucket = '+Inf'
  for _, bound in ipairs(bounds) do
    if us <= bound then
      bucket = string.format('%d', bound)
      break
    end
  end
  count(name .. '#' .. bucket, 1)
  count(name .. '#sum', us)
end

local function tally(text, whose)
  for name, by in string.gmatch(text, '(%S+) (%S+)') do
    name = string.gsub(name, '%$', function() return whose end)
    if string.sub(name, 1, 1) == '~' then observe(string.sub(name, 2), tonumber(by)) else count(name, tonumber(by)) end
  end
end
