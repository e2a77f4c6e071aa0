-- Refills of cached values and idempotency keys. KEYS[1] is a hash; times are the caller's, in seconds.
--
--   {prefix}:cache:KEY   value, until; while somebody refills it: token, claimed_until
--   {prefix}:claim:KEY   fingerprint, until, lease_until; once answered: response

local FILL_LIFE_S = 60 -- an abandoned refill's hash goes, though the clock of the callers may stand

-- ARGV: token, now, until when the claim holds. 1: claimed; 0: somebody else refills the value.
local function begin_fill(keys, args)
  local held = redis.call('HMGET', keys[1], 'token', 'claimed_until')
  if held[1] and held[1] ~= args[1] and tonumber(args[2]) < tonumber(held[2]) then
    return 0
  end
  redis.call('HSET', keys[1], 'token', args[1], 'claimed_until', args[3])
  if redis.call('TTL', keys[1]) < FILL_LIFE_S then
    redis.call('EXPIRE', keys[1], FILL_LIFE_S)
  end
  return 1
end

-- ARGV: token, value, until when it serves, milliseconds to keep it. 1: stored; 0: the claim has fallen.
local function finish_fill(keys, args)
  if redis.call('HGET', keys[1], 'token') ~= args[1] then
    return 0
  end
  redis.call('HDEL', keys[1], 'token', 'claimed_until')
  redis.call('HSET', keys[1], 'value', args[2], 'until', args[3])
  redis.call('PEXPIRE', keys[1], args[4])
  return 1
end

-- ARGV: fingerprint, now, until, lease until, milliseconds to keep it.
-- 'new', 'in_progress', 'mismatch', or the stored response.
local function claim(keys, args)
  local held = redis.call('HMGET', keys[1], 'fingerprint', 'until', 'lease_until', 'response')
  local now = tonumber(args[2])
  if not held[1] or now >= tonumber(held[2]) then
    redis.call('UNLINK', keys[1])
    redis.call('HSET', keys[1], 'fingerprint', args[1], 'until', args[3], 'lease_until', args[4])
    redis.call('PEXPIRE', keys[1], args[5])
    return 'new'
  end
  if held[1] ~= args[1] then
    return 'mismatch'
  end
  if held[4] then
    return held[4]
  end
  if now < tonumber(held[3]) then
    return 'in_progress'
  end
  redis.call('HSET', keys[1], 'lease_until', args[4])
  return 'new'
end

-- ARGV: response. 1: stored; 0: nobody has claimed the key.
local function complete(keys, args)
  if redis.call('EXISTS', keys[1]) == 0 then
    return 0
  end
  redis.call('HSET', keys[1], 'response', args[1])
  return 1
end

local function register(name, callback)
  redis.register_function('dispatchlab_' .. name .. '_VERSION', callback)
end

register('begin_fill', begin_fill)
register('finish_fill', finish_fill)
register('claim', claim)
register('complete', complete)
