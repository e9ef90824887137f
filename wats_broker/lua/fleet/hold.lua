-- Who holds a post: the first to ask, as long as it keeps asking.
-- KEYS:  lease
-- ARGV:  holder term_ms
-- REPLY: the holder
local current = redis.call('GET', lease)
-- More than a term is left only when the clock was set back; a holder who lives asks again and shortens it.
if not current or current == holder or redis.call('PTTL', lease) > tonumber(term_ms) then
  redis.call('SET', lease, holder, 'PX', term_ms)
  return holder
end
return current
