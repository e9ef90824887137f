-- remember(): the life that the server leads. If it is another one than the caller has met, the server lost its memory, and
-- with it the requests that are under way: within a term their senders find out, and meanwhile nobody else sends. If
-- numbers, which only grow, have shrunk since the caller saw them, it is an older state of the same life. Stands on shut().
local function remember(at, met, known, term_ms)
  local life, began = unpack(redis.call('HMGET', steady, 'life', 'began'))
  if not life then
    local time = redis.call('TIME')
    life, began = time[1] .. '.' .. time[2], at
    redis.call('HSET', steady, 'life', life, 'began', began)
    -- No token of this life may look like one of the life before: numbers begin where those can't have come to.
    redis.call('SET', sequence, string.format('%.0f', at * 10))
  end
  local quiet = 0
  if met ~= '' and met ~= life then quiet = began + term_ms end
  if known > tonumber(redis.call('GET', sequence) or '0') then
    redis.call('SET', sequence, known)
    quiet = at + term_ms
  end
  if quiet > at then shut(quiet, 'the broker lost its memory; requests of before may be under way') end
  return life
end
