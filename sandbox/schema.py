"""The SQLite tables. `entity` holds the JSON as the API shows it; the other columns exist to find it."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    receipt TEXT,
    authorized INTEGER NOT NULL DEFAULT 0,
    entity TEXT NOT NULL,
    capture TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS orders_created_at ON orders (created_at);
CREATE INDEX IF NOT EXISTS orders_receipt ON orders (receipt);
CREATE INDEX IF NOT EXISTS orders_authorized ON orders (authorized, created_at);

CREATE TABLE IF NOT EXISTS payments (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    order_id TEXT NOT NULL,
    status TEXT NOT NULL,
    entity TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS payments_created_at ON payments (created_at);
CREATE INDEX IF NOT EXISTS payments_order_id ON payments (order_id, status);

CREATE TABLE IF NOT EXISTS refunds (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    payment_id TEXT NOT NULL,
    receipt TEXT,
    entity TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS refunds_created_at ON refunds (created_at);
CREATE INDEX IF NOT EXISTS refunds_payment_id ON refunds (payment_id);
CREATE UNIQUE INDEX IF NOT EXISTS refunds_receipt ON refunds (payment_id, receipt);

CREATE TABLE IF NOT EXISTS idempotency (
    key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    refund_id TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_at REAL NOT NULL,
    order_id TEXT,
    payment_id TEXT,
    refund_id TEXT,
    body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS events_order_id ON events (order_id);
CREATE INDEX IF NOT EXISTS events_payment_id ON events (payment_id);
CREATE INDEX IF NOT EXISTS events_refund_id ON events (refund_id) WHERE refund_id IS NOT NULL;
-- Without it, asking for a rare event reads them all, and nobody else is answered meanwhile.
CREATE INDEX IF NOT EXISTS events_name ON events (name);

CREATE TABLE IF NOT EXISTS endpoints (
    id TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    events TEXT NOT NULL,
    enabled INTEGER NOT NULL DEFAULT 1,
    failing_since REAL,
    from_environment INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
);

-- due_at is sandbox time, so it follows the clock control. not_before is real time: it spaces the events
-- of one payment, which must work under a frozen clock too.
-- AUTOINCREMENT: an attempt that is under way during a reset must not find its number on a new delivery.
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL,
    endpoint_id TEXT NOT NULL,
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    lane TEXT NOT NULL,
    state TEXT NOT NULL,
    due_at REAL NOT NULL,
    not_before REAL NOT NULL,
    retry_until REAL NOT NULL,
    rung INTEGER NOT NULL DEFAULT 0,
    attempts TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX IF NOT EXISTS deliveries_event_id ON deliveries (event_id);
CREATE INDEX IF NOT EXISTS deliveries_pending ON deliveries (endpoint_id, due_at) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS deliveries_due_at ON deliveries (due_at) WHERE state = 'pending';

-- is_undecided: open or under review, which blocks refunds and a second dispute of the payment.
CREATE TABLE IF NOT EXISTS payment_disputes (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    payment_id TEXT NOT NULL,
    is_undecided INTEGER NOT NULL,
    entity TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS payment_disputes_created_at ON payment_disputes (created_at);
CREATE UNIQUE INDEX IF NOT EXISTS payment_disputes_undecided
    ON payment_disputes (payment_id) WHERE is_undecided;
-- What disputes were kept in before they had entities.
DROP TABLE IF EXISTS disputes;

-- What the merchant is owed and owes; a settlement closes lines.
CREATE TABLE IF NOT EXISTS ledger (
    seq INTEGER PRIMARY KEY,
    entity_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    credit INTEGER NOT NULL,
    debit INTEGER NOT NULL,
    fee INTEGER NOT NULL,
    tax INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    settlement_id TEXT
);
CREATE INDEX IF NOT EXISTS ledger_open ON ledger (created_at) WHERE settlement_id IS NULL;
CREATE INDEX IF NOT EXISTS ledger_settlement_id ON ledger (settlement_id);

CREATE TABLE IF NOT EXISTS settlements (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    entity TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS settlements_created_at ON settlements (created_at);

CREATE TABLE IF NOT EXISTS timers (
    seq INTEGER PRIMARY KEY,
    due_at REAL NOT NULL,
    kind TEXT NOT NULL,
    subject_id TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS timers_due_at ON timers (due_at);

-- What customers try in the checkout's window. id: made by the browser, which proves by it who may go on.
CREATE TABLE IF NOT EXISTS attempts (
    id TEXT PRIMARY KEY,
    payment_id TEXT NOT NULL UNIQUE,
    failing_reason TEXT
);

CREATE TABLE IF NOT EXISTS controls (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
"""

# What POST /sandbox/reset empties. Endpoints stay: they are the set-up, not what happened.
EMPTIED_BY_RESET = (
    "orders", "payments", "refunds", "idempotency", "events", "deliveries", "payment_disputes", "ledger",
    "settlements", "timers", "attempts", "controls",
)  # fmt: skip
