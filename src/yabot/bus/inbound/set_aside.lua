-- Moves entries to the end of another stream, as they are: each is in one of the two, never in none.
-- KEYS[1] the stream in which they stand, KEYS[2] the other; ARGV the entries' ids.
-- Returns how many the other has then. An entry that is not there has been moved or dealt with.
local MOST_FIELDS = 100
for _, id in ipairs(ARGV) do
  local found = redis.call('XRANGE', KEYS[1], id, id)[1]
  if found then
    local fields = found[2]
    if #fields > 2 * MOST_FIELDS then
      fields = {unpack(fields, 1, 2 * MOST_FIELDS)}
    end
    redis.call('XADD', KEYS[2], '*', unpack(fields))
    redis.call('XDEL', KEYS[1], id)
  end
end
return redis.call('XLEN', KEYS[2])
