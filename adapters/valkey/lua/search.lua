-- The search for drivers around points, and for ghosts; see layout.lua.

local GRID = 1024             -- cells along each axis
local LAT_MAX = 85.05112878
local EARTH_RADIUS_M = 6372797.560856
local ENOUGH = 6              -- drivers in a box that tell of the density around
local FINE = 16777216         -- geohashes of a box of 1/16384 of each axis: 2.4 x 1.2 km at the equator
local WIDE_M = 40000          -- wider searches go through the cells that there are

-- A radius that should hold `need` drivers, from how many are in the boxes of growing size around the point.
local function first_radius(base, shelves, need, lat, hash, cell)
  local width, count = FINE, 0
  local side_m = 2 * math.pi * EARTH_RADIUS_M / 16384
  local area_m2 = side_m * side_m * math.cos(math.rad(lat)) * (2 * LAT_MAX / 360)
  for step = 1, 5 do -- the fifth box is the whole cell
    local low = hash - hash % width
    count = 0
    for shelf = 1, shelves do
      count = count + redis.call('ZCOUNT', geo_set(base, shelf * SHELF + cell), low, low + width - 1)
    end
    if count >= ENOUGH or step == 5 then
      break
    end
    width, area_m2 = 4 * width, 4 * area_m2
  end
  return math.sqrt((1.4 * need + 4) * area_m2 / (math.pi * (count + 0.1)))
end

-- Of all cells that have had drivers, those whose rows and columns are near enough.
local function known_cells(base, row, column, rows, columns)
  local near = {}
  for _, cell in ipairs(redis.call('SMEMBERS', base .. 'cells')) do
    local there = cell % GRID
    local apart = math.abs(there - column)
    if math.abs((cell - there) / GRID - row) <= rows and math.min(apart, GRID - apart) <= columns then
      near[#near + 1] = cell
    end
  end
  return near
end

-- The cells that a circle may touch.
local function cells_around(base, lat, lon, radius_m)
  local reach = math.deg(radius_m / EARTH_RADIUS_M) * 1.001
  local end_lat = math.abs(lat) + reach
  local reach_lon = end_lat < 89 and reach / math.cos(math.rad(end_lat)) or 180
  local per_lat, per_lon, floor, cells = GRID / (2 * LAT_MAX), GRID / 360, math.floor, {}
  if radius_m > WIDE_M or end_lat > 85 then
    local row, column = floor((lat + LAT_MAX) * per_lat), floor((lon + 180) * per_lon)
    return known_cells(base, row, column, reach * per_lat + 1, reach_lon * per_lon + 1)
  end
  local first, last = floor((lon - reach_lon + 180) * per_lon), floor((lon + reach_lon + 180) * per_lon)
  for row = floor((lat - reach + LAT_MAX) * per_lat), floor((lat + reach + LAT_MAX) * per_lat) do
    for column = first, last do
      cells[#cells + 1] = row * GRID + column % GRID
    end
  end
  return cells
end

-- The drivers of some cells within a circle; of each geo set the `need` nearest.
local function search(base, cells, shelves, need, lat, lon, radius_m)
  local found
  for _, cell in ipairs(cells) do
    for shelf = 1, shelves do
      local some = redis.call(
        'GEOSEARCH', geo_set(base, shelf * SHELF + cell), 'FROMLONLAT', lon, lat,
        'BYRADIUS', radius_m, 'm', 'ASC', 'COUNT', need
      )
      if found and #found > 0 then
        for i = 1, #some do
          found[#found + 1] = some[i]
        end
      else
        found = some
      end
    end
  end
  return found or {}
end

-- Records of the drivers found; of one that has none (evicted) zeros, which nobody takes for a candidate.
local function records_of(drivers, ids)
  local records = read(drivers, ids)
  if first_unknown(records) > 0 then
    for i = 1, #ids do
      records[i] = records[i] or string.rep('\0', SIZE)
    end
  end
  return table.concat(records)
end

-- ARGV: points of 28 bytes (lat f64, lon f64, geohash f64, cell u32), need, radius, shelves (1: idle only, 2)
-- Answers with the number found per point, u32, and their records: all drivers within the radius, or the `need`
-- nearest and some beyond.
local function nearest(keys, args)
  local drivers, base, blob = keys[1], base_of(keys), args[1]
  local need, limit_m, shelves = tonumber(args[2]), tonumber(args[3]), tonumber(args[4])
  local counts, records = {}, {}
  for at = 1, #blob, 28 do
    local lat, lon, hash, cell = struct.unpack('<dddI4', blob, at)
    local radius_m = math.min(first_radius(base, shelves, need, lat, hash, cell), limit_m)
    local found = search(base, cells_around(base, lat, lon, radius_m), shelves, need, lat, lon, radius_m)
    while #found < need and radius_m < limit_m do
      radius_m = 2 * radius_m < WIDE_M and math.min(2 * radius_m, limit_m) or limit_m
      found = search(base, cells_around(base, lat, lon, radius_m), shelves, need, lat, lon, radius_m)
    end
    counts[#counts + 1] = struct.pack('<I4', #found)
    if #found > 0 then
      records[#records + 1] = records_of(drivers, found)
    end
  end
  return {table.concat(counts), table.concat(records)}
end

-- ARGV: a time, about how many records to look at. Takes drivers not heard of since then out of the geo sets,
-- going on where the last call ended. Answers with the ghosts found, the records looked at and those there are.
local function sweep(keys, args)
  local drivers, base, since = keys[1], base_of(keys), tonumber(args[1])
  local cursor = redis.call('GET', base .. 'sweep') or '0'
  local answer = redis.call('HSCAN', drivers, cursor, 'COUNT', args[2])
  local entries, removed, ghosts = answer[2], {}, 0
  for i = 1, #entries, 2 do
    local seen, _, cell, shelf = struct.unpack(SEEN, entries[i + 1], SEEN_AT)
    if shelf > 0 and seen < since then
      note(removed, shelf * SHELF + cell, entries[i])
    end
  end
  for number, ids in pairs(removed) do
    ghosts = ghosts + write('ZREM', geo_set(base, number), ids)
  end
  redis.call('SET', base .. 'sweep', answer[1], 'EX', LIFE_S)
  renew(base)
  if answer[1] == '0' then
    for _, cell in ipairs(redis.call('SMEMBERS', base .. 'cells')) do
      redis.call('EXPIRE', geo_set(base, SHELF + cell), LIFE_S)
      redis.call('EXPIRE', geo_set(base, 2 * SHELF + cell), LIFE_S)
    end
  end
  return {ghosts, #entries / 2, redis.call('HLEN', drivers)}
end

register('nearest', nearest, {'no-writes'})
register('sweep', sweep)
