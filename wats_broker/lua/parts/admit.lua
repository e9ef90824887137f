-- Held reports enter in their order as room appears. At most 100 an act, so that no act takes long.
local function admit_held(at, limit)
  local room = 100
  if limit > 0 then room = math.min(room, limit - used(at)) end
  if room <= 0 then return end
  local ids = redis.call('ZRANGE', held, 0, room - 1)
  for _, id in ipairs(ids) do
    redis.call('ZREM', held, id)
    redis.call('ZADD', ready, place(unpack_item(redis.call('HGET', items, id))), id)
  end
end
