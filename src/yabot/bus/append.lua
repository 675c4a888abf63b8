-- Appends a batch to one partition's stream, and publishes each event on its type's channel.
-- KEYS[1] the stream; ARGV[1] the position at which the stream must stand; then three for each
-- event: its position, its type, its envelope.
-- Returns the position of the stream's last entry. When that was not ARGV[1], nothing is added.
-- From Redis 7.0 on, neither is it where we may not publish: an entry that only the stream has would
-- never be published. An older one cannot be asked.
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
if redis.acl_check_cmd then -- since Redis 7.0, which gives a new user no channel
  local may = {}
  for i = 3, #ARGV, 3 do
    local channel = ARGV[i]
    may[channel] = may[channel] or redis.acl_check_cmd('PUBLISH', channel, '')
    if not may[channel] then
      return redis.error_reply('NOPERM no right to publish on a channel of ours')
    end
  end
end
for i = 2, #ARGV, 3 do
  local id = ARGV[i] .. '-0'
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', '10000', id, 'event', ARGV[i + 2])
  redis.call('PUBLISH', ARGV[i + 1], ARGV[i + 2])
end
return tonumber(ARGV[#ARGV - 2])
