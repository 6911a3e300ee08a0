-- What advance and giveBack do in memory.go, in one step for all processes. KEYS[1] holds the moment at which nothing is
-- counted any more. ARGV: take, give or look; now, the interval and the whole burst, all in microseconds.
local now, interval, span = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local stored = tonumber(redis.call('GET', KEYS[1]) or now) or now
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
if full <= now then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000))
end
return {allowed, full}
