-- Appends a batch to one partition's stream, and publishes each event on its type's channel.
-- KEYS[1] the stream; ARGV[1] the position at which the stream must stand; then three for each
-- event: its position, its type, its envelope.
-- Returns the position of the stream's last entry. When that was not ARGV[1], nothing is added.
-- Where one may not be published, those before it are added and nothing of it: an entry that only the
-- stream has would never be published.
local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
local last = 0
if info['err'] then
  if not string.find(info['err'], 'no such key', 1, true) then
    return info
  end
else
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then
      last = tonumber(string.match(info[i + 1], '^(%d+)-'))
    end
  end
end
if last ~= tonumber(ARGV[1]) then
  return last
end
-- It takes no entry of that id, and says so behind all other reasons for which it takes none: before
-- anything is published.
local probe = redis.pcall('XADD', KEYS[1], '0-0', 'event', '')
if not string.find(probe['err'], 'must be greater than 0-0', 1, true) then
  return probe
end
for i = 2, #ARGV, 3 do
  -- First what a user may lack the right to: Redis gives a new one no channel.
  redis.call('PUBLISH', ARGV[i + 1], ARGV[i + 2])
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', '10000', ARGV[i] .. '-0', 'event', ARGV[i + 2])
end
return tonumber(ARGV[#ARGV - 2])
