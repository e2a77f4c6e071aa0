-- Search by PostGIS. Its index walks outwards from the point on a sphere, so the first that it finds are the
-- nearest by haversine too; the distances themselves are haversine_m's, as in every other store.
ALTER TABLE restaurants ADD COLUMN location geography(Point, 4326) NOT NULL
    GENERATED ALWAYS AS (ST_SetSRID(ST_MakePoint(lon, lat), 4326)::geography) STORED;
CREATE INDEX restaurants_open_location ON restaurants USING gist (location) WHERE is_open;

CREATE FUNCTION nearby_restaurants(
    at_lat double precision, at_lon double precision, radius_m double precision, at_most integer
) RETURNS TABLE (
    id bigint, name text, cuisine text, lat double precision, lon double precision,
    prep_time_s double precision, is_open boolean, rating double precision, distance_m double precision
)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT measured.*
    FROM (
        SELECT
            r.id, r.name, r.cuisine, r.lat, r.lon, r.prep_time_s, r.is_open, r.rating,
            haversine_m(at_lat, at_lon, r.lat, r.lon) AS distance_m
        FROM restaurants AS r
        WHERE r.is_open
        ORDER BY r.location <-> ST_SetSRID(ST_MakePoint(at_lon, at_lat), 4326)::geography
        FETCH FIRST (at_most) ROWS WITH TIES -- the index does not know ids
    ) AS measured
    WHERE measured.distance_m <= radius_m
    ORDER BY measured.distance_m, measured.id
    LIMIT at_most;
END;
