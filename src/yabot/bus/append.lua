-- Appends a batch to one partition's stream, and publishes each event on its type's channel.
-- KEYS[1] the stream; ARGV[1] the position at which the stream must stand; then three for each
-- event: its position, its type, its envelope.
-- Returns the position of the stream's last entry, and 1 when all is added. When the stream did not
-- stand at ARGV[1], nothing is; nor where we may not publish: an entry that only the stream has
-- would never be published. Redis before 7.0 adds, then, those before the first that is refused.
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
  return {last, 0}
end
local function publish(i)
  redis.call('PUBLISH', ARGV[i + 1], ARGV[i + 2])
end
local function append(i)
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', '10000', ARGV[i] .. '-0', 'event', ARGV[i + 2])
end
local first, second = append, publish
local ask = redis.acl_check_cmd -- since Redis 7.0, which gives a new user no channel
if ask then
  local may = {}
  for i = 3, #ARGV, 3 do
    local channel = ARGV[i]
    may[channel] = may[channel] or ask('PUBLISH', channel, '')
    if not may[channel] then
      return redis.error_reply('NOPERM no right to publish on a channel of ours')
    end
  end
else
  -- It takes no entry of that id, and says so behind all other reasons for which it takes none: then
  -- only publishing can still be refused. Redis counts it as a call that has failed.
  local probe = redis.pcall('XADD', KEYS[1], '0-0', 'event', '')
  if not string.find(probe['err'], 'must be greater than 0-0', 1, true) then
    return probe
  end
  first, second = publish, append
end
for i = 2, #ARGV, 3 do
  first(i)
  second(i)
end
return {tonumber(ARGV[#ARGV - 2]), 1}
