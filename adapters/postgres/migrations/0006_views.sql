-- For people: names instead of numbers, moments instead of seconds.
CREATE FUNCTION order_state_name(code smallint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (ARRAY[
    'PLACED', 'CONFIRMED', 'PREPARING', 'READY_FOR_PICKUP', 'PICKED_UP', 'DELIVERED', 'COMPLETED', 'CANCELLED'
])[code + 1];

CREATE FUNCTION assignment_name(code smallint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (ARRAY['UNASSIGNED', 'OFFERED', 'ASSIGNED'])[code + 1];

CREATE FUNCTION offer_state_name(code smallint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (ARRAY['PENDING', 'ACCEPTED', 'DECLINED', 'EXPIRED', 'WITHDRAWN'])[code + 1];

CREATE FUNCTION payment_state_name(code smallint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (ARRAY['AUTHORISED', 'CAPTURED', 'VOIDED'])[code + 1];

CREATE VIEW orders_v AS
SELECT
    id, customer_id, restaurant_id, driver_id,
    order_state_name(state) AS state, assignment_name(assignment) AS assignment, offer_id, version,
    subtotal_cents, delivery_fee_cents,
    wall_time(placed_at_s) AS placed_at, wall_time(promised_at_s) AS promised_at,
    wall_time(confirmed_at_s) AS confirmed_at, wall_time(prep_started_at_s) AS prep_started_at,
    wall_time(ready_at_s) AS ready_at, wall_time(assigned_at_s) AS assigned_at,
    wall_time(picked_up_at_s) AS picked_up_at, wall_time(delivered_at_s) AS delivered_at,
    wall_time(completed_at_s) AS completed_at, wall_time(cancelled_at_s) AS cancelled_at, cancel_reason,
    wall_time(eta_placement_s) AS eta_placement, wall_time(eta_assignment_s) AS eta_assignment,
    wall_time(eta_pickup_s) AS eta_pickup
FROM orders;

CREATE VIEW offers_v AS
SELECT
    id, driver_id,
    (SELECT array_agg(order_id ORDER BY position) FROM offer_orders WHERE offer_id = offers.id) AS order_ids,
    offer_state_name(state) AS state, pay_cents, drive_s_est, pickup_m,
    wall_time(created_at_s) AS created_at, wall_time(expires_at_s) AS expires_at,
    wall_time(closed_at_s) AS closed_at
FROM offers;

CREATE VIEW payments_v AS
SELECT
    order_id, reference, amount_cents, payment_state_name(state) AS state,
    wall_time(settled_at_s) AS settled_at
FROM payments;

CREATE VIEW audit_logs_v AS
SELECT
    id, event_type, entity_type, entity_id, actor, actor_id, wall_time(at_s) AS created_at,
    jsonb_build_object(
        'before', CASE WHEN before_state IS NULL THEN '{}'::jsonb ELSE jsonb_build_object(
            'state', order_state_name(before_state), 'assignment', assignment_name(before_assignment)
        ) END,
        'after', jsonb_build_object(
            'state', order_state_name(after_state), 'assignment', assignment_name(after_assignment)
        ) || coalesce(details, '{}'::jsonb)
    ) AS changes
FROM audit_logs;

CREATE VIEW outbox_v AS
SELECT id, topic, kind, key, wall_time(at_s) AS happened_at, data, sent_at FROM outbox;

CREATE VIEW driver_locations_v AS
SELECT driver_id, wall_time(at_s) AS recorded_at, lat, lon FROM driver_locations;

GRANT SELECT ON orders_v, offers_v, payments_v, audit_logs_v, outbox_v, driver_locations_v TO dispatchlab_app;
