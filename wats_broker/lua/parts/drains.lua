-- Permits for drains. A live drain (or a wake-up on its way) is an entry with a term, so a lost one is replaced by itself.
-- Returns the new permits: one live drain for each report that is lent or could be, up to `width`.
local function wake(at, width, per_minute, due)
  redis.call('ZREMRANGEBYSCORE', drains, '-inf', at)
  local paused = redis.call('HGET', lane, 'paused')
  local gate = tonumber(redis.call('HGET', lane, 'gate_until') or '0')
  if paused or gate > at or next_turn(at, per_minute) > 1000 then return {} end
  local permits = {}
  local work = redis.call('ZCARD', ready) + redis.call('ZCARD', leased) + due
  local missing = math.min(width, work) - redis.call('ZCARD', drains)
  for _ = 1, missing do
    local permit = 'p' .. redis.call('INCR', sequence)
    redis.call('ZADD', drains, at + 5000, permit)
    permits[#permits + 1] = permit
  end
  return permits
end
