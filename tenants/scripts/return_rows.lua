-- Puts back what was not used. A counter that the broker has forgotten meanwhile never knew of it.
-- KEYS: the counters. ARGV: how many rows.
for _, counter in ipairs(KEYS) do
  if redis.call('EXISTS', counter) == 1 then
    redis.call('INCRBY', counter, -tonumber(ARGV[1]))
  end
end
