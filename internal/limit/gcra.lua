-- What advance and giveBack do in memory.go, in one step for all processes. KEYS[1] holds the moment at which nothing is
-- counted any more. ARGV: take, give or look; now, the interval, the whole burst, and the moment that the caller heard of
-- last, all in microseconds. A key ends only when its moment is past, so where there is none and the caller has heard of
-- a moment to come, the keys were lost, and what was heard counts.
local now, interval, span = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local stored = tonumber(redis.call('GET', KEYS[1]) or ARGV[5]) or now
local full = math.min(math.max(stored, now), now + span)
local allowed = 1
if ARGV[1] == 'look' then return {1, full} end
if ARGV[1] == 'give' then
  full = full - interval
elseif full + interval - now > span then
  allowed = 0
  if full == stored then return {0, full} end
else
  full = full + interval
end
-- What was given back stays known, even as nothing, for as long as anybody may have heard of more.
local life = ARGV[1] == 'give' and span or full - now
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil(life / 1000))
return {allowed, full}
