-- Takes rows from all counters at once: those that are needed or none, and some more where there are plenty.
-- KEYS: the counters. ARGV: how many are needed, how many more are wanted, how many rows before a limit none of those
-- are granted, how long a counter lives in s; then the counters' limits; then, if known, what the records say was used.
-- Returns how many are granted, then what each counter says; -1 alone where a counter is not there and has to be told.
local needed, more, reserve, seconds = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local spare, taken = nil, {}
for place, counter in ipairs(KEYS) do
  taken[place] = tonumber(redis.call('GET', counter) or ARGV[4 + #KEYS + place])
  if not taken[place] then
    return {-1}
  end
  local left = tonumber(ARGV[4 + place]) - taken[place]
  spare = math.min(spare or left, left)
end
local granted = 0
if spare >= needed then
  granted = needed + math.max(0, math.min(more, math.floor((spare - needed - reserve) / 10)))
end
local reply = {granted}
for place, counter in ipairs(KEYS) do
  redis.call('SET', counter, string.format('%.0f', taken[place] + granted), 'EX', seconds)
  reply[#reply + 1] = taken[place] + granted
end
return reply
