-- The drivers of one market. All its keys share the hash tag {prefix}, hence one slot: each function is atomic.
--
--   {prefix}:drivers     hash: driver -> record of 80 bytes
--   {prefix}:plans       hash: driver -> planned stops, 25 bytes each; only of drivers who have some
--   {prefix}:idle:CELL   geo sets, one per grid cell, of AVAILABLE drivers without orders
--   {prefix}:busy:CELL   ... of AVAILABLE drivers with orders and room for more
--   {prefix}:cells       set: every CELL that has had a geo set
--   {prefix}:sweep       cursor of the search for ghosts
--   {prefix}:driver:ID   channel: positions of a driver who carries orders, where they are published
--
-- A driver is named by 8 bytes, a little-endian int64. A record, little-endian:
--
--   lat f64  lon f64  seen_at_s f64  score f64 (the 52-bit geohash)  cell u32
--   shelf u8  status u8  vehicle i8  1 unused  load i16  capacity i16  deliveries i32  goal i32  stops u32
--   rating f64  shift_end_s f64  id i64
--
-- `shelf` is where the driver is offered: 0 nowhere, 1 the idle set of the cell, 2 the busy set. A driver is in
-- no other geo set than the one that the record names, and is in that one unless swept out as a ghost.
--
-- KEYS[1] of every function is the hash of records; the other names are made from it. Functions that refuse
-- unknown drivers answer with the place of the first in their input, counted from 1, and have written nothing
-- then; 0 means done. (`redis` is the server's interface under the name that every version of Valkey knows.)

local SIZE = 80
local SEEN, SEEN_AT = '<ddI4B', 17            -- seen_at_s, score, cell, shelf
local SHELF_AT, LOAD_AT, STOPS_AT, RATING_AT = 37, 41, 53, 57
local SHELVES = {'idle:', 'busy:'}
local SHELF = 16777216        -- geo sets are numbered shelf * SHELF + cell
local CHUNK = 4000            -- arguments of one command; Lua's stack holds 8,000
local LIFE_S = 86400          -- keys that nobody has touched for a day go

local function base_of(keys)
  return string.sub(keys[1], 1, -8)
end

local function split(blob)
  local ids, sub = {}, string.sub
  for i = 1, #blob / 8 do
    ids[i] = sub(blob, 8 * i - 7, 8 * i)
  end
  return ids
end

local function read(key, ids)
  if #ids <= CHUNK then
    return redis.call('HMGET', key, unpack(ids))
  end
  local values = {}
  for first = 1, #ids, CHUNK do
    local part = redis.call('HMGET', key, unpack(ids, first, math.min(first + CHUNK - 1, #ids)))
    for i = 1, #part do
      values[#values + 1] = part[i]
    end
  end
  return values
end

local function first_unknown(records)
  for i = 1, #records do
    if not records[i] then
      return i
    end
  end
  return 0
end

-- Runs a variadic command whose arguments come in pairs or singly; returns the sum of its answers.
local function write(command, key, arguments)
  local sum = 0
  for first = 1, #arguments, CHUNK do
    local last = math.min(first + CHUNK - 1, #arguments)
    sum = sum + redis.call(command, key, unpack(arguments, first, last))
  end
  return sum
end

local function geo_set(base, number)
  local cell = number % SHELF
  return base .. SHELVES[(number - cell) / SHELF] .. cell
end

-- Appends to one of the lists that collect what each geo set gets or loses.
local function note(lists, number, a, b)
  local list = lists[number]
  if not list then
    list = {}
    lists[number] = list
  end
  list[#list + 1] = a
  list[#list + 1] = b
end

local function shelve(base, removed, added)
  for number, ids in pairs(removed) do
    write('ZREM', geo_set(base, number), ids)
  end
  for number, entries in pairs(added) do
    local key = geo_set(base, number)
    if write('ZADD', key, entries) > 0 then
      redis.call('EXPIRE', key, LIFE_S)
      redis.call('SADD', base .. 'cells', number % SHELF)
    end
  end
end

-- Puts off the end of the market's keys, about once an hour.
local function renew(base)
  if redis.call('TTL', base .. 'drivers') > LIFE_S - 3600 then
    return
  end
  for _, name in ipairs({'drivers', 'plans', 'cells'}) do
    redis.call('EXPIRE', base .. name, LIFE_S)
  end
end

local function register(name, callback, flags)
  redis.register_function{
    function_name = 'dispatchlab_' .. name .. '_VERSION', callback = callback, flags = flags
  }
end
