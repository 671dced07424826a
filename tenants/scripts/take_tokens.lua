-- Takes tokens from all buckets at once, as many as every one of them has. A bucket is a hash from a slot of time to
-- the tokens that were taken in it.
-- KEYS: the buckets. ARGV: how many are wanted, the length of a slot in ms, how many slots count, each bucket's limit.
-- Returns how many are granted and in which slot; then of each bucket what is left, and in how many ms more come free.
local granted, length, counted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local slot = math.floor(now / length)
local left, oldest = {}, {}
for place, bucket in ipairs(KEYS) do
  left[place], oldest[place] = tonumber(ARGV[3 + place]), slot
  local found = redis.call('HGETALL', bucket)
  for index = 1, #found, 2 do
    local at, taken = tonumber(found[index]), tonumber(found[index + 1])
    -- A slot that lies ahead was written before the clock was set back.
    if at <= slot - counted or at > slot then
      redis.call('HDEL', bucket, found[index])
    elseif taken > 0 then
      left[place] = left[place] - taken
      oldest[place] = math.min(oldest[place], at)
    end
  end
  granted = math.max(0, math.min(granted, left[place]))
end
local reply = {granted, slot}
for place, bucket in ipairs(KEYS) do
  if granted > 0 then
    redis.call('HINCRBY', bucket, slot, granted)
    redis.call('PEXPIRE', bucket, counted * length)
  end
  reply[#reply + 1] = left[place] - granted
  reply[#reply + 1] = (oldest[place] + counted) * length - now
end
return reply
