-- KEYS[1] holds until when the vendor is left alone and as what its moments were begun: by which run of the server, and
-- when. Where that is another run, moments given last may be lost, though this one may have read others from a disk.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local server = redis.pcall('INFO', 'server') -- not every user may ask
if type(server) ~= 'string' then server = '' end
local run = string.match(server, 'run_id:(%x+)') or ''
local begun = redis.call('HGET', KEYS[1], 'begun')
local known = begun
if begun and string.sub(begun, 1, #run) ~= run then begun = false end
