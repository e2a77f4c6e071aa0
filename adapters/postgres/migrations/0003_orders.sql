-- Ids of customers, restaurants and drivers are given by the services that own them; those may live in other
-- databases, so no foreign key leads there. Within this file everything is tied together.

-- state and assignment are the integers of domain/order_state.py; views show their names.
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id bigint NOT NULL,
    restaurant_id bigint NOT NULL,
    restaurant_lat double precision NOT NULL,
    restaurant_lon double precision NOT NULL,
    customer_lat double precision NOT NULL,
    customer_lon double precision NOT NULL,
    subtotal_cents bigint NOT NULL,
    delivery_fee_cents bigint NOT NULL,
    placed_at_s double precision NOT NULL,
    prep_quote_s double precision NOT NULL,
    promised_at_s double precision NOT NULL,
    eta_placement_s double precision NOT NULL,
    state smallint NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 7),
    assignment smallint NOT NULL DEFAULT 0 CHECK (assignment BETWEEN 0 AND 2),
    driver_id bigint,
    version integer NOT NULL DEFAULT 0,
    confirmed_at_s double precision,
    prep_started_at_s double precision,
    ready_at_s double precision,
    assigned_at_s double precision,
    picked_up_at_s double precision,
    delivered_at_s double precision,
    completed_at_s double precision,
    cancelled_at_s double precision,
    cancel_reason text,
    eta_assignment_s double precision,
    eta_pickup_s double precision,
    -- The pending offer of this order: one place for it, so there is at most one.
    offer_id bigint,
    CONSTRAINT offered_orders_have_an_offer CHECK ((assignment = 1) = (offer_id IS NOT NULL)),
    CONSTRAINT assigned_orders_have_a_driver CHECK ((assignment = 2) = (driver_id IS NOT NULL)),
    CONSTRAINT carried_food_has_a_driver CHECK (state NOT BETWEEN 4 AND 6 OR assignment = 2),
    CONSTRAINT cancelled_orders_have_none CHECK (state <> 7 OR assignment = 0)
);
CREATE INDEX orders_live ON orders (id) WHERE state < 6;
CREATE INDEX orders_carried ON orders (driver_id) WHERE driver_id IS NOT NULL AND state < 5;
GRANT SELECT, INSERT, UPDATE ON orders TO dispatchlab_app;

CREATE TABLE order_items (
    order_id bigint NOT NULL REFERENCES orders,
    position smallint NOT NULL,
    menu_item_id bigint NOT NULL,
    quantity bigint NOT NULL,
    price_cents bigint NOT NULL,
    PRIMARY KEY (order_id, position)
);
GRANT SELECT, INSERT ON order_items TO dispatchlab_app;

-- state: 0 pending, the others final (OfferState of domain/offers.py).
CREATE TABLE offers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    driver_id bigint NOT NULL,
    plan jsonb NOT NULL,
    created_at_s double precision NOT NULL,
    expires_at_s double precision NOT NULL,
    pay_cents bigint NOT NULL,
    drive_s_est double precision NOT NULL,
    pickup_m double precision NOT NULL,
    state smallint NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 4),
    closed_at_s double precision,
    CONSTRAINT closed_offers_say_when CHECK ((state = 0) = (closed_at_s IS NULL))
);
CREATE UNIQUE INDEX offers_one_pending_per_driver ON offers (driver_id) WHERE state = 0;
GRANT SELECT, INSERT, UPDATE ON offers TO dispatchlab_app;

CREATE TABLE offer_orders (
    offer_id bigint NOT NULL REFERENCES offers,
    position smallint NOT NULL,
    order_id bigint NOT NULL REFERENCES orders,
    eta_s double precision NOT NULL,
    PRIMARY KEY (offer_id, position)
);
CREATE INDEX offer_orders_by_order ON offer_orders (order_id);
GRANT SELECT, INSERT ON offer_orders TO dispatchlab_app;

ALTER TABLE orders ADD FOREIGN KEY (offer_id) REFERENCES offers;

-- state: 0 authorised, 1 captured, 2 voided (PaymentState of domain/payments.py).
CREATE TABLE payments (
    order_id bigint PRIMARY KEY REFERENCES orders,
    reference text NOT NULL,
    amount_cents bigint NOT NULL,
    state smallint NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 2),
    settled_at_s double precision,
    CONSTRAINT settled_payments_say_when CHECK ((state = 0) = (settled_at_s IS NULL))
);
GRANT SELECT, INSERT, UPDATE ON payments TO dispatchlab_app;

CREATE TABLE idempotency_keys (
    key text PRIMARY KEY,
    fingerprint text NOT NULL,
    until_s double precision NOT NULL,
    lease_until_s double precision NOT NULL,
    response bigint
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (until_s);
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO dispatchlab_app;

CREATE TABLE ratings (
    order_id bigint PRIMARY KEY,
    restaurant_id bigint NOT NULL,
    driver_id bigint NOT NULL,
    restaurant_stars smallint,
    driver_stars smallint,
    at_s double precision NOT NULL
);
GRANT SELECT, INSERT ON ratings TO dispatchlab_app;

-- Running sums, so that a mean costs the same however many ratings there are.
CREATE TABLE rating_sums (
    subject text NOT NULL CHECK (subject IN ('restaurant', 'driver')),
    id bigint NOT NULL,
    stars bigint NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (subject, id)
);
GRANT SELECT, INSERT, UPDATE ON rating_sums TO dispatchlab_app;
