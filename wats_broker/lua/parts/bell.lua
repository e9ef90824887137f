-- ring(): one stroke per drain that should look again. Strokes that nobody hears are forgotten.
local function ring(strokes)
  if strokes <= 0 then return end
  for _ = 1, strokes do redis.call('RPUSH', bell, 1) end
  redis.call('LTRIM', bell, -10, -1)
  redis.call('PEXPIRE', bell, 2000)
end
