-- A server that is out of memory refuses writes that may take more, unless the script has written before. Scripts that
-- give memory back, or lead to it, begin with a write that does nothing; the others are refused, which is right.
redis.call('HDEL', steady, '')
