-- What counts against the bound: reports that are ready, lent or waiting for a retry, and rooms reserved for files.
-- Reservations of files that never came back are forgotten here, inside the act that needs the room.
local function used(at)
  local stale = redis.call('ZRANGEBYSCORE', reserved, '-inf', at, 'LIMIT', 0, 100)
  if #stale > 0 then redis.call('ZREM', reserved, unpack(stale)) end
  return redis.call('ZCARD', ready) + redis.call('ZCARD', leased) + redis.call('ZCARD', delayed)
    + redis.call('ZCARD', reserved)
end
