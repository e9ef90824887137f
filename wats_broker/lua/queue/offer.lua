-- A file's reports enter the room reserved for it; what finds no room is held. Offering twice is boring.
-- USES:  wall clock room items pace drains bell
-- KEYS:  items ready reserved held buried buried_info drains bell sequence steady
-- READS: leased delayed delivered lane pace
-- ARGV:  now file_id max_size width per_minute reports...
-- REPLY: {ready, held, {known report ids}, {permits for new drains}}; `reports` is id, priority, size, id, …
local at = clock()
local limit = tonumber(max_size)
-- The file's own room is its first report's, whoever else is waiting.
local own = redis.call('ZREM', reserved, file_id)
local taken = used(at)
local room = own
if limit == 0 then
  room = #reports
elseif redis.call('ZCARD', held) == 0 then
  room = limit - taken
end

local entered, kept, known = 0, 0, {}
for index = 1, #reports, 3 do
  local id = reports[index]
  if redis.call('HEXISTS', items, id) == 1 or redis.call('ZSCORE', delivered, id) then
    known[#known + 1] = id
  else
    redis.call('ZREM', buried, id)
    redis.call('HDEL', buried_info, id)
    local item = {file = file_id, priority = tonumber(reports[index + 1]), attempts = 0, lost = 0, offered = at,
      size = tonumber(reports[index + 2]), number = redis.call('INCR', sequence)}
    redis.call('HSET', items, id, pack(item))
    if entered < room then
      redis.call('ZADD', ready, place(item), id)
      entered = entered + 1
    else
      redis.call('ZADD', held, item.number, id)
      kept = kept + 1
    end
  end
end
-- Whoever lingers at the empty queue hears the bell; it is shorter than a Celery message.
ring(math.min(entered, redis.call('ZCARD', drains)))
return {entered, kept, known, wake(at, tonumber(width), tonumber(per_minute), 0)}
