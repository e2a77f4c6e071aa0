-- What changes drivers, and what is known of them; see layout.lua.

local RECORD = '<c36BBc2hhi4i4I4c24'
local BODY = 36               -- bytes that a ping brings: lat to cell
local PING = 44               -- id and body
local AVAILABLE = 1

local function shelf_of(status, load, capacity)
  if status ~= AVAILABLE or load >= capacity then
    return 0
  end
  return load == 0 and 1 or 2
end

-- Notes the move between geo sets of a driver whose record, all but its shelf, stays where it is.
local function reshelve(record, id, before, after, removed, added)
  if before ~= after then
    local _, score, cell = struct.unpack(SEEN, record, SEEN_AT)
    if before > 0 then
      note(removed, before * SHELF + cell, id)
    end
    if after > 0 then
      note(added, after * SHELF + cell, score, id)
    end
  end
end

-- ARGV: records
local function sign_on(keys, args)
  local drivers, base, blob, sub = keys[1], base_of(keys), args[1], string.sub
  local ids, fields, removed, added = {}, {}, {}, {}
  for i = 1, #blob / SIZE do
    ids[i] = sub(blob, SIZE * i - 7, SIZE * i)
  end
  local known = read(drivers, ids)
  for i, id in ipairs(ids) do
    local record = sub(blob, SIZE * i - SIZE + 1, SIZE * i)
    local _, score, cell, shelf = struct.unpack(SEEN, record, SEEN_AT)
    if known[i] then
      local _, _, old_cell, old_shelf = struct.unpack(SEEN, known[i], SEEN_AT)
      if old_shelf > 0 then
        note(removed, old_shelf * SHELF + old_cell, id)
      end
    end
    if shelf > 0 then
      note(added, shelf * SHELF + cell, score, id)
    end
    fields[2 * i - 1] = id
    fields[2 * i] = record
  end
  shelve(base, removed, added)
  write('HSET', drivers, fields)
  write('HDEL', base .. 'plans', ids)
  renew(base)
  return 0
end

-- ARGV: pings of 44 bytes (id i64, then as a record from lat to cell), each driver once; 1 to publish
local function move(keys, args)
  local drivers, base, blob, publishes = keys[1], base_of(keys), args[1], args[2] == '1'
  local sub, bytes = string.sub, struct.unpack
  local ids, fields, removed, added, n = {}, {}, {}, {}, 0
  for i = 1, #blob / PING do
    ids[i] = sub(blob, PING * i - 43, PING * i - 36)
  end
  local records = read(drivers, ids)
  local unknown = first_unknown(records)
  if unknown > 0 then
    return unknown
  end
  for i, id in ipairs(ids) do
    local record, at = records[i], PING * i - BODY + 1
    local old_seen, _, old_cell, shelf = bytes(SEEN, record, SEEN_AT)
    local seen, score, cell = bytes('<ddI4', blob, at + 16)
    if old_seen <= seen then
      fields[n + 1] = id
      fields[n + 2] = sub(blob, at, at + BODY - 1) .. sub(record, SHELF_AT)
      n = n + 2
      if shelf > 0 then
        local number = shelf * SHELF + cell
        local list = added[number]
        if not list then
          list = {}
          added[number] = list
        end
        local size = #list
        list[size + 1] = score
        list[size + 2] = id
        if old_cell ~= cell then
          note(removed, shelf * SHELF + old_cell, id)
        end
      end
      if publishes and bytes('<h', record, LOAD_AT) > 0 then
        local channel = base .. 'driver:' .. string.format('%.0f', bytes('<i8', id))
        redis.call('SPUBLISH', channel, 'p' .. sub(blob, at, at + 23))
      end
    end
  end
  shelve(base, removed, added)
  write('HSET', drivers, fields)
  renew(base)
  return 0
end

-- ARGV: ids
local function unknown(keys, args)
  return first_unknown(read(keys[1], split(args[1])))
end

-- ARGV: ids, status, the status expected or -1
local function set_status(keys, args)
  local drivers, status, expected = keys[1], tonumber(args[2]), tonumber(args[3])
  local ids, fields, removed, added = split(args[1]), {}, {}, {}
  local records = read(drivers, ids)
  local missing = first_unknown(records)
  if missing > 0 then
    return missing
  end
  for i, id in ipairs(ids) do
    local record = records[i]
    local shelf, was = struct.unpack('<BB', record, SHELF_AT)
    if expected < 0 or was == expected then
      local load, capacity = struct.unpack('<hh', record, LOAD_AT)
      local after = shelf_of(status, load, capacity)
      reshelve(record, id, shelf, after, removed, added)
      fields[#fields + 1] = id
      fields[#fields + 1] = string.sub(record, 1, BODY)
        .. string.char(after, status) .. string.sub(record, SHELF_AT + 2)
    end
  end
  shelve(base_of(keys), removed, added)
  write('HSET', drivers, fields)
  return 0
end

-- ARGV: id, planned stops, their number, distinct orders in them, orders delivered
local function set_plan(keys, args)
  local drivers, base, id, plan = keys[1], base_of(keys), args[1], args[2]
  local record = redis.call('HGET', drivers, id)
  if not record then
    return 1
  end
  local head, shelf, status, vehicle, _, capacity, deliveries, goal, _, tail = struct.unpack(RECORD, record)
  local load = tonumber(args[4])
  local after, removed, added = shelf_of(status, load, capacity), {}, {}
  reshelve(record, id, shelf, after, removed, added)
  deliveries = deliveries + tonumber(args[5])
  record = struct.pack(
    RECORD, head, after, status, vehicle, load, capacity, deliveries, goal, tonumber(args[3]), tail
  )
  shelve(base, removed, added)
  redis.call('HSET', drivers, id, record)
  if plan == '' then
    redis.call('HDEL', base .. 'plans', id)
  elseif redis.call('HSET', base .. 'plans', id, plan) > 0 then
    redis.call('EXPIRE', base .. 'plans', LIFE_S)
  end
  return 0
end

-- ARGV: id, stars f64 and the share of the way towards them f64
local function move_rating(keys, args)
  local record = redis.call('HGET', keys[1], args[1])
  if not record then
    return 1
  end
  local rating = struct.unpack('<d', record, RATING_AT)
  local stars, weight = struct.unpack('<dd', args[2])
  rating = struct.pack('<d', rating + weight * (stars - rating))
  record = string.sub(record, 1, RATING_AT - 1) .. rating .. string.sub(record, RATING_AT + 8)
  redis.call('HSET', keys[1], args[1], record)
  return 0
end

-- ARGV: ids. Answers with the first unknown, all records, and the planned stops of those who have some.
local function states(keys, args)
  local ids, planned = split(args[1]), {}
  local records = read(keys[1], ids)
  local missing = first_unknown(records)
  if missing > 0 then
    return {missing, '', ''}
  end
  for i, record in ipairs(records) do
    if struct.unpack('<I4', record, STOPS_AT) > 0 then
      planned[#planned + 1] = ids[i]
    end
  end
  local plans = #planned > 0 and table.concat(read(base_of(keys) .. 'plans', planned)) or ''
  return {0, table.concat(records), plans}
end

register('sign_on', sign_on)
register('move', move)
register('unknown', unknown, {'no-writes'})
register('set_status', set_status)
register('set_plan', set_plan)
register('move_rating', move_rating)
register('states', states, {'no-writes'})
