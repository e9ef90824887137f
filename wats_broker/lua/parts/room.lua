-- rooms(): how many files have room reserved. One whose term is over has none any more, whether it was forgotten or not.
local function rooms(at) return redis.call('ZCOUNT', reserved, '(' .. string.format('%.0f', at), '+inf') end

-- used(): what counts against the bound, which is reports that are ready, lent or waiting for a retry, and those rooms.
local function used(at)
  return redis.call('ZCARD', ready) + redis.call('ZCARD', leased) + redis.call('ZCARD', delayed) + rooms(at)
end
