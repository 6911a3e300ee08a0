-- What take in plan.go does, in one step for all processes and by Redis' own clock. KEYS[1] holds the moments, the newest
-- first, KEYS[2] until when the vendor is left alone and when both were begun. ARGV: how far ahead a moment may lie, and
-- how far any may; the longest that a vendor is left alone; when the caller heard that they were begun, empty if long ago;
-- how many moments are kept; then each window's count and its period with the margin. All times are microseconds.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local within, most = tonumber(ARGV[1]), tonumber(ARGV[5])
local begun = redis.call('HGET', KEYS[2], 'begun')
if not begun then
  begun = string.format('%.0f', now)
  redis.call('HSET', KEYS[2], 'begun', begun)
  redis.call('DEL', KEYS[1])
end
local newest = tonumber(redis.call('LINDEX', KEYS[1], 0) or 0)
-- Who heard of another beginning a moment ago knows of moments that are lost; nobody says how many, so all that can be.
if (ARGV[4] ~= '' and ARGV[4] ~= begun) or newest > now + tonumber(ARGV[2]) then
  redis.call('DEL', KEYS[1])
  for _ = 1, most do redis.call('LPUSH', KEYS[1], string.format('%.0f', now)) end
  newest = now
end
local alone = math.min(tonumber(redis.call('HGET', KEYS[2], 'alone') or 0), now + tonumber(ARGV[3]))
local at = math.max(now, alone, newest)
for i = 6, #ARGV, 2 do
  local before = redis.call('LINDEX', KEYS[1], ARGV[i] - 1)
  if before then at = math.max(at, before + ARGV[i + 1]) end
end
local taken = 0
if at - now <= within then
  taken = 1
  redis.call('LPUSH', KEYS[1], string.format('%.0f', at))
  redis.call('LTRIM', KEYS[1], 0, most - 1)
end
redis.call('EXPIRE', KEYS[1], 86400)
redis.call('EXPIRE', KEYS[2], 86400)
return {taken, at - now, (alone > now and at == alone) and 1 or 0, begun}
