-- Account settings, logos, idempotency keys, admin keys and webhooks.

ALTER TABLE accounts ADD COLUMN ai_label INTEGER NOT NULL DEFAULT 0 CHECK (ai_label IN (0, 1));
-- The event `credits.low` is sent when the balance falls to this number; 0 never sends it.
ALTER TABLE accounts ADD COLUMN credits_low_at INTEGER NOT NULL DEFAULT 5 CHECK (credits_low_at >= 0);

-- A customer's rows are found without a scan.
CREATE INDEX person_images_of_user ON person_images (account_id, external_user_id) WHERE external_user_id IS NOT NULL;
-- With the id, so that a search by customer comes in the order of the index.
CREATE INDEX generations_of_user ON generations (account_id, external_user_id, id) WHERE external_user_id IS NOT NULL;
CREATE INDEX generations_of_person_image ON generations (person_image_id);

-- Files of erased customers that must still be deleted; a row goes after its file. All else about these pictures is
-- gone already.
CREATE TABLE erased_blobs (
    blob_key TEXT NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id),
    -- SHA-256 of the customer's name: enough for a repeated request to find what was left.
    customer BLOB NOT NULL CHECK (length(customer) = 32)
) STRICT, WITHOUT ROWID;

CREATE INDEX erased_blobs_of_customer ON erased_blobs (account_id, customer, blob_key);

-- One logo per account; small, so it lies in the database and is read in one step with its style.
CREATE TABLE watermarks (
    account_id BLOB NOT NULL PRIMARY KEY REFERENCES accounts (id),
    logo_png BLOB NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    anchor TEXT NOT NULL,
    width_share REAL NOT NULL,
    opacity REAL NOT NULL,
    margin_share REAL NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE idempotency_keys (
    account_id BLOB NOT NULL REFERENCES accounts (id),
    key TEXT NOT NULL,
    -- SHA-256 of route and body.
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    -- The request that works on it; another one takes over once the lock has run out without an answer.
    holder BLOB NOT NULL CHECK (length(holder) = 16),
    locked_until INTEGER NOT NULL,
    -- Written in the transaction that queues the generation: a second charge cannot happen, whatever crashes.
    generation_id BLOB,
    -- The answer of operations without a generation.
    status INTEGER,
    body TEXT,
    completed_at INTEGER,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

CREATE TABLE admin_keys (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE webhook_endpoints (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id BLOB NOT NULL REFERENCES accounts (id),
    url TEXT NOT NULL,
    -- Needed in clear for signing.
    secret BLOB NOT NULL CHECK (length(secret) = 32),
    -- The secret before the last rotation; signs beside the new one until this moment.
    old_secret BLOB CHECK (length(old_secret) = 32),
    old_secret_until INTEGER,
    -- Names, each between commas: `,generation.completed,credits.low,`.
    events TEXT NOT NULL,
    is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    created_at INTEGER NOT NULL,
    -- Set while the log of a deleted endpoint is cleared away.
    deleted_at INTEGER,
    CHECK ((old_secret IS NULL) = (old_secret_until IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX webhook_endpoints_of_account ON webhook_endpoints (account_id, id) WHERE deleted_at IS NULL;
CREATE INDEX webhook_endpoints_deleted ON webhook_endpoints (deleted_at) WHERE deleted_at IS NOT NULL;

-- Written in the transaction that makes the event happen. The payload is made from these columns at each attempt, so
-- that no signed link lies in the database.
CREATE TABLE webhook_deliveries (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    endpoint_id BLOB NOT NULL REFERENCES webhook_endpoints (id),
    account_id BLOB NOT NULL REFERENCES accounts (id),
    event TEXT NOT NULL,
    generation_id BLOB,
    credit_balance INTEGER,
    credits_low_at INTEGER,
    state TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'delivered', 'failed')),
    -- Ever, and since the message was last put up.
    attempts INTEGER NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL DEFAULT 0,
    -- By the server's clock, which staging tests shift.
    next_attempt_at INTEGER NOT NULL,
    -- By the database's clock.
    lease_until INTEGER,
    claim_id BLOB,
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    CHECK ((state = 'sending') = (claim_id IS NOT NULL)),
    CHECK ((claim_id IS NULL) = (lease_until IS NULL))
) STRICT;

CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (endpoint_id, next_attempt_at, id) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_sending ON webhook_deliveries (endpoint_id, lease_until) WHERE state = 'sending';
CREATE INDEX webhook_deliveries_of_endpoint ON webhook_deliveries (endpoint_id, id);
CREATE INDEX webhook_deliveries_failed ON webhook_deliveries (endpoint_id, id) WHERE state = 'failed';
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (created_at);

CREATE TABLE webhook_attempts (
    delivery_id BLOB NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    -- HTTP status of the answer; none when there was none.
    status INTEGER,
    -- Why there was no answer, or what was wrong with it; in words without addresses.
    error TEXT,
    duration_ms INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;

-- What happened on each day, counted as the ledger is written: reading a year costs a row per account and day.
CREATE TABLE usage_days (
    -- Days since 1970-01-01, UTC. First in the key: all accounts of a day lie together, and one account of a year is a
    -- look per day.
    day INTEGER NOT NULL,
    account_id BLOB NOT NULL REFERENCES accounts (id),
    created INTEGER NOT NULL,
    completed INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    -- Of the completed ones, together.
    completed_ms INTEGER NOT NULL,
    PRIMARY KEY (day, account_id)
) STRICT, WITHOUT ROWID;

INSERT INTO usage_days (account_id, day, created, completed, failed, completed_ms)
    SELECT ledger_entries.account_id, ledger_entries.created_at / 86400000000, SUM(kind = 'hold'),
        SUM(kind = 'capture'), SUM(kind = 'release'),
        SUM(iif(kind = 'capture', COALESCE(generation_time_ms, 0), 0))
    FROM ledger_entries JOIN generations ON generations.id = generation_id
    GROUP BY 1, 2;

CREATE TRIGGER ledger_entries_are_counted AFTER INSERT ON ledger_entries WHEN new.kind <> 'grant' BEGIN
    INSERT INTO usage_days (account_id, day, created, completed, failed, completed_ms)
    VALUES (
        new.account_id, new.created_at / 86400000000, new.kind = 'hold', new.kind = 'capture', new.kind = 'release',
        iif(new.kind = 'capture',
            COALESCE((SELECT generation_time_ms FROM generations WHERE id = new.generation_id), 0), 0)
    )
    ON CONFLICT (day, account_id) DO UPDATE SET created = created + excluded.created,
        completed = completed + excluded.completed, failed = failed + excluded.failed,
        completed_ms = completed_ms + excluded.completed_ms;
END;
