-- The audit log: who did what to which entity. Rows are only ever added.
CREATE TABLE audit_logs (
    id bigint GENERATED ALWAYS AS IDENTITY,
    event_type text NOT NULL,
    entity_type text NOT NULL DEFAULT 'order',
    entity_id bigint NOT NULL,
    actor text NOT NULL,
    actor_id bigint,
    at_s double precision NOT NULL,
    before_state smallint,
    before_assignment smallint,
    after_state smallint NOT NULL,
    after_assignment smallint NOT NULL,
    details jsonb,
    PRIMARY KEY (entity_type, entity_id, id)
);
CREATE INDEX audit_logs_by_time ON audit_logs USING brin (at_s);
GRANT SELECT, INSERT ON audit_logs TO dispatchlab_app;

CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_logs_are_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_logs
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Events on their way to the bus; those that are sent stay a while, as a record.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    kind text NOT NULL,
    key bigint NOT NULL,
    at_s double precision NOT NULL,
    data jsonb NOT NULL,
    sent_at timestamptz
);
CREATE INDEX outbox_unsent ON outbox (id) WHERE sent_at IS NULL;
-- Every row is updated once, soon: clear away the old versions before the relay has to step over them.
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
GRANT SELECT, INSERT, UPDATE, DELETE ON outbox TO dispatchlab_app;

CREATE TABLE processed_events (
    consumer_group text NOT NULL,
    event_id bigint NOT NULL,
    at_s double precision NOT NULL,
    PRIMARY KEY (consumer_group, event_id)
);
CREATE INDEX processed_events_by_time ON processed_events USING brin (at_s);
GRANT SELECT, INSERT, DELETE ON processed_events TO dispatchlab_app;
