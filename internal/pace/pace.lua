-- What take in plan.go does, in one step for all processes and by Redis' own clock. KEYS[2] holds the moments, the newest
-- first. ARGV: how far ahead a moment may lie, and how far any may; the longest that a vendor is left alone; as what the
-- caller heard that they were begun, empty if long ago; how long a vendor is left alone by a keeper that is back; how many
-- moments are kept; then each window's count and its period with the margin. All times are microseconds.
local within, most = tonumber(ARGV[1]), tonumber(ARGV[6])
local alone = math.min(tonumber(redis.call('HGET', KEYS[1], 'alone') or 0), now + tonumber(ARGV[3]))
if not begun then
  if not known then redis.call('DEL', KEYS[2]) end
  -- A server that runs for longer and knows nothing was not gone: nobody goes by a share of its own.
  if known or tonumber(string.match(server, 'uptime_in_seconds:(%d+)') or 0) < 60 then
    alone = math.max(alone, now + ARGV[5])
  end
  begun = run .. string.format(':%.0f', now)
  redis.call('HSET', KEYS[1], 'begun', begun, 'alone', string.format('%.0f', alone))
end
local leaves = redis.call('LRANGE', KEYS[2], 0, most - 1)
local wrong = tonumber(leaves[1] or 0) > now + tonumber(ARGV[2])
-- Who heard of another beginning a moment ago knows of moments that are lost; nobody says how many, so all that can be.
if wrong or (ARGV[4] ~= '' and ARGV[4] ~= begun) then
  redis.call('DEL', KEYS[2])
  for i = 1, most do
    leaves[i] = string.format('%.0f', wrong and now or math.max(now, leaves[i] or 0))
    redis.call('RPUSH', KEYS[2], leaves[i])
  end
end
local at = math.max(now, alone, leaves[1] or 0)
for i = 7, #ARGV, 2 do
  local before = leaves[tonumber(ARGV[i])]
  if before then at = math.max(at, before + ARGV[i + 1]) end
end
local taken = 0
if at - now <= within then
  taken = 1
  redis.call('LPUSH', KEYS[2], string.format('%.0f', at))
  redis.call('LTRIM', KEYS[2], 0, most - 1)
end
redis.call('EXPIRE', KEYS[2], 86400)
redis.call('EXPIRE', KEYS[1], 86400)
return {taken, at - now, (alone > now and at == alone) and 1 or 0, begun}
