-- Search without PostGIS: an index on plain points finds those in a box around the circle.
ALTER TABLE restaurants ADD COLUMN location point NOT NULL
    GENERATED ALWAYS AS (point(lon, lat)) STORED;
CREATE INDEX restaurants_open_location ON restaurants USING gist (location) WHERE is_open;

-- The box, in degrees, of all that is within radius_m; the whole way round where it holds a pole or crosses
-- the date line. A little too large, so that rounding loses nothing.
CREATE FUNCTION box_around(at_lat double precision, at_lon double precision, radius_m double precision)
RETURNS box
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH angle AS (
        SELECT least(radius_m / 6372797.560856, pi()) + 1e-8 AS value
    ), half AS (
        SELECT
            degrees(value) AS lat,
            CASE WHEN abs(at_lat) + degrees(value) < 90
                THEN degrees(asin(least(1, sin(value) / cos(radians(at_lat)))))
                ELSE 180
            END AS lon
        FROM angle
    )
    SELECT CASE WHEN abs(at_lon) + lon < 180
        THEN box(point(at_lon - lon, at_lat - lat), point(at_lon + lon, at_lat + lat))
        ELSE box(point(-180, at_lat - lat), point(180, at_lat + lat))
    END
    FROM half;
END;

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
        WHERE r.is_open AND r.location <@ box_around(at_lat, at_lon, radius_m)
    ) AS measured
    WHERE measured.distance_m <= radius_m
    ORDER BY measured.distance_m, measured.id
    LIMIT at_most;
END;
