-- wall(): milliseconds since 1970 by the server's clock, for what people read. A test may pass its own time as `now`.
local function wall()
  if now ~= '' then return tonumber(now) end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
