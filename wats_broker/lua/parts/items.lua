-- One report's entry in the hash `items`: file id, priority, attempts, lost leases, offered at (ms), size (bytes), number.
local function pack(item)
  return table.concat({item.file, item.priority, item.attempts, item.lost, item.offered, item.size, item.number}, ' ')
end

local function unpack_item(text)
  local f, p, a, l, o, s, n = string.match(text, '^(%S+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+)$')
  return {file = f, priority = tonumber(p), attempts = tonumber(a), lost = tonumber(l),
    offered = tonumber(o), size = tonumber(s), number = tonumber(n)}
end

-- A step of priority is worth a minute of waiting: urgent reports pass, and yet nothing waits for ever.
-- The fraction keeps reports of the same millisecond in the order they were offered in.
local function place(item)
  return string.format('%.3f', item.offered + item.priority * 60000 + (item.number % 1000) / 1000)
end
