-- Where drivers were: one partition per day of the clock's axis, made ahead and dropped by age. Batches are
-- written sorted by driver, so a small BRIN index finds both a span of time and a driver within it.
CREATE TABLE driver_locations (
    driver_id bigint NOT NULL,
    at_s double precision NOT NULL,
    lat double precision NOT NULL,
    lon double precision NOT NULL
) PARTITION BY RANGE (at_s);
CREATE INDEX driver_locations_brin ON driver_locations
    USING brin (at_s, driver_id) WITH (pages_per_range = 16);
GRANT SELECT, INSERT ON driver_locations TO dispatchlab_app;

CREATE FUNCTION location_days() RETURNS SETOF bigint
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT substring(partition.relname FROM '_day_(-?[0-9]+)$')::bigint
    FROM pg_inherits JOIN pg_class AS partition ON partition.oid = inhrelid
    WHERE inhparent = 'driver_locations'::regclass
    ORDER BY 1;
END;

-- Only these functions, which run as the owner, touch tables as such while the program runs. ATTACH, unlike
-- CREATE TABLE ... PARTITION OF, lets writers of other days go on.
CREATE FUNCTION make_location_days(first_day bigint, last_day bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    made integer := 0;
    day bigint;
    title text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(current_schema() || '.driver_locations', 0));
    FOR day IN SELECT generate_series(first_day, last_day) EXCEPT SELECT location_days() ORDER BY 1 LOOP
        title := 'driver_locations_day_' || day;
        EXECUTE format('CREATE TABLE %I (LIKE driver_locations)', title);
        EXECUTE format(
            'ALTER TABLE driver_locations ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
            title, day * 86400, (day + 1) * 86400
        );
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;

CREATE FUNCTION drop_location_days(before_day bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    dropped integer := 0;
    day bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(current_schema() || '.driver_locations', 0));
    FOR day IN SELECT location_days() LOOP
        CONTINUE WHEN day >= before_day;
        EXECUTE format('DROP TABLE %I', 'driver_locations_day_' || day);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;
-- A BRIN index leaves new pages to the next vacuum, and until then every search reads them all.
CREATE FUNCTION index_location_day(day bigint) RETURNS integer
LANGUAGE sql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
    SELECT sum(brin_summarize_new_values(indexrelid))::integer FROM pg_index
    WHERE indrelid = format('%I.%I', current_schema(), 'driver_locations_day_' || day)::regclass
$$;

REVOKE EXECUTE ON FUNCTION make_location_days, drop_location_days, index_location_day FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_location_days, drop_location_days, index_location_day TO dispatchlab_app;
