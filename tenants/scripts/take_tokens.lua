-- Takes tokens from all buckets at once: as many of those that are needed as every bucket has, and where it has them all
-- some to spare, at most a tenth of what is left. A bucket is a hash from a slot of time to the tokens that were taken in
-- it.
-- KEYS: the buckets. ARGV: how many are needed, how many are wanted to spare, how many slots ahead those are counted,
-- the length of a slot in ms, how many slots count, how far ahead a slot may lie; then each bucket's limit.
-- Returns how many are granted, how many of them to spare, and in which slot these are counted; then of each bucket what
-- is left, and in how many ms more come free.
local needed, more, ahead = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local length, counted, furthest = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local slot = math.floor(now / length)
local granted, spare, left, oldest = needed, more, {}, {}
for place, bucket in ipairs(KEYS) do
  left[place] = tonumber(ARGV[6 + place])
  local found = redis.call('HGETALL', bucket)
  for index = 1, #found, 2 do
    local at, taken = tonumber(found[index]), tonumber(found[index + 1])
    -- A slot that lies further ahead was written before the clock was set back.
    if at <= slot - counted or at > slot + furthest then
      redis.call('HDEL', bucket, found[index])
    elseif taken > 0 then
      left[place] = left[place] - taken
      oldest[place] = math.min(oldest[place] or at, at)
    end
  end
  granted = math.max(0, math.min(granted, left[place]))
  spare = math.max(0, math.min(spare, math.floor((left[place] - needed) / 10)))
end
local reply = {granted + spare, spare, slot + ahead}
for place, bucket in ipairs(KEYS) do
  if granted > 0 then
    redis.call('HINCRBY', bucket, slot, granted)
    oldest[place] = math.min(oldest[place] or slot, slot)
  end
  if spare > 0 then
    redis.call('HINCRBY', bucket, slot + ahead, spare)
  end
  if granted + spare > 0 then
    redis.call('PEXPIRE', bucket, (counted + furthest) * length)
  end
  reply[#reply + 1] = left[place] - granted - spare
  reply[#reply + 1] = ((oldest[place] or slot + ahead) + counted) * length - now
end
return reply
