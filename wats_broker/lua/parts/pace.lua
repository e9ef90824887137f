-- Never more than `per_minute` requests in any minute over all hosts (0 = no limit): a twentieth of them may come at once
-- after a pause, and what is left is spread evenly over the minute. All that is remembered is when the turns that
-- were taken will be used up.
local function share(per_minute)
  local burst = math.max(1, math.floor(per_minute / 20))
  return burst, 60000 / math.max(1, per_minute - burst)
end

-- next_turn(): ms until a request may be made.
local function next_turn(at, per_minute)
  if per_minute == 0 then return 0 end
  local burst, every = share(per_minute)
  local wait = tonumber(redis.call('GET', pace) or '0') - at - (burst - 1) * every
  return math.ceil(math.max(0, wait - 0.01)) -- what is remembered is rounded
end

local function take_turn(at, per_minute)
  if per_minute == 0 then return end
  local _, every = share(per_minute)
  local used_up = math.max(at, tonumber(redis.call('GET', pace) or '0')) + every
  redis.call('SET', pace, string.format('%.3f', used_up), 'PX', math.ceil(used_up - at))
end
