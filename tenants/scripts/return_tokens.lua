-- Puts back what nobody used. What the broker has forgotten meanwhile must not become more than there was.
-- KEYS: the buckets. ARGV: the slot in which the tokens were taken, and how many are left of them.
local slot, count = ARGV[1], tonumber(ARGV[2])
for _, bucket in ipairs(KEYS) do
  if tonumber(redis.call('HGET', bucket, slot) or 0) >= count then
    redis.call('HINCRBY', bucket, slot, -count)
  end
end
