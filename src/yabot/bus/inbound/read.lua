-- Reads entries, of each the field `event` and no more of it than asked for: anybody may have written
-- anything there, and what is too large for us stays where it is.
-- KEYS[1] the stream; ARGV[1] the id behind which they stand, ARGV[2] how many at most, ARGV[3] how many
-- bytes of an event, ARGV[4] how many bytes may have been looked at before one more entry is.
-- Returns for each: its id, the beginning of its event or nil, and how many bytes that has.
local most, bytes, budget = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local found, after = {}, ARGV[1]
while #found < most and budget > 0 do
  local entry = redis.call('XRANGE', KEYS[1], '(' .. after, '+', 'COUNT', 1)[1]
  if not entry then
    break
  end
  local fields, event = entry[2], false
  after = entry[1]
  for i = 1, #fields, 2 do
    budget = budget - #fields[i] - #fields[i + 1]
    if fields[i] == 'event' then
      event = fields[i + 1]
    end
  end
  found[#found + 1] = {after, event and string.sub(event, 1, bytes), event and #event or 0}
end
return found
