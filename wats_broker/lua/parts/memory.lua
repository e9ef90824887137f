-- remember(): numbers only grow. If the server's have shrunk it lost its memory, and with it the requests that are under
-- way: within a term their senders find out. Nor may an old token ever look like a new one. Stands on shut().
local function remember(at, known, term_ms)
  if known <= tonumber(redis.call('GET', sequence) or '0') then return end
  redis.call('SET', sequence, known)
  shut(at + term_ms, 'the broker lost its memory; requests of before may be under way')
end
