-- Ids are UUIDv7 in 16 bytes, so that the order of ids is the order of making. Times are microseconds since 1970.

CREATE TABLE accounts (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL UNIQUE,
    is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    rate_limit INTEGER NOT NULL,
    poll_limit INTEGER NOT NULL,
    keep_for_days INTEGER NOT NULL,
    engine TEXT,
    -- Always the sum of the account's ledger entries; the check is the last line of defence.
    balance INTEGER NOT NULL CHECK (balance >= 0),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id BLOB NOT NULL REFERENCES accounts (id),
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX api_keys_of_account ON api_keys (account_id, id);

CREATE TABLE person_images (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id BLOB NOT NULL REFERENCES accounts (id),
    origin TEXT NOT NULL CHECK (origin IN ('upload', 'snapshot')),
    blob_key TEXT NOT NULL UNIQUE,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
    external_user_id TEXT,
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX person_images_expiring ON person_images (expires_at);

CREATE TABLE products (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id BLOB NOT NULL REFERENCES accounts (id),
    external_id TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('inline', 'one_shot', 'registered')),
    title TEXT,
    description TEXT,
    metadata TEXT,
    valid_for_days INTEGER,
    expires_at INTEGER,
    last_used_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    image_revision INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;

CREATE UNIQUE INDEX products_by_external_id ON products (account_id, external_id) WHERE deleted_at IS NULL;
CREATE INDEX products_listed ON products (account_id, id) WHERE deleted_at IS NULL AND origin <> 'one_shot';
CREATE INDEX products_expiring ON products (expires_at) WHERE deleted_at IS NULL AND expires_at IS NOT NULL;
CREATE INDEX products_deleted ON products (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE product_images (
    product_id BLOB NOT NULL REFERENCES products (id),
    revision INTEGER NOT NULL,
    ord INTEGER NOT NULL,
    source_url TEXT NOT NULL,
    classifications TEXT NOT NULL,
    -- The picture, once its bytes are there.
    blob_key TEXT,
    width INTEGER,
    height INTEGER,
    size_bytes INTEGER,
    sha256 BLOB,
    fetch_attempts INTEGER NOT NULL DEFAULT 0,
    next_fetch_at INTEGER NOT NULL,
    -- Set when the picture was replaced or its product deleted; jobs in hand may still use it.
    retired_at INTEGER,
    PRIMARY KEY (product_id, revision, ord)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX product_images_by_blob ON product_images (blob_key) WHERE blob_key IS NOT NULL;
CREATE INDEX product_images_unfetched ON product_images (next_fetch_at)
    WHERE blob_key IS NULL AND retired_at IS NULL AND fetch_attempts < 3;
CREATE INDEX product_images_retired ON product_images (retired_at) WHERE retired_at IS NOT NULL;

-- product_id and person_image_id are no foreign keys: a generation outlives both.
CREATE TABLE generations (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id BLOB NOT NULL REFERENCES accounts (id),
    status TEXT NOT NULL CHECK (status IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED')),
    product_id BLOB NOT NULL,
    image_revision INTEGER NOT NULL,
    product_external_id TEXT NOT NULL,
    product_title TEXT,
    product_description TEXT,
    person_image_id BLOB NOT NULL,
    external_user_id TEXT,
    engine TEXT NOT NULL,
    keep_for_days INTEGER NOT NULL,
    watermark INTEGER NOT NULL CHECK (watermark IN (0, 1)),
    ai_label INTEGER CHECK (ai_label IN (0, 1)),
    result_key TEXT,
    result_width INTEGER,
    result_height INTEGER,
    result_size_bytes INTEGER,
    result_sha256 BLOB,
    result_expires_at INTEGER,
    error_code TEXT,
    error_message TEXT,
    generation_time_ms INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX generations_of_account ON generations (account_id, id);
CREATE UNIQUE INDEX generations_by_result ON generations (result_key) WHERE result_key IS NOT NULL;
CREATE INDEX generations_expiring ON generations (result_expires_at) WHERE result_key IS NOT NULL;

CREATE TABLE ledger_entries (
    -- Order of writing; gaps mean nothing.
    seq INTEGER NOT NULL PRIMARY KEY,
    id BLOB NOT NULL CHECK (length(id) = 16),
    account_id BLOB NOT NULL REFERENCES accounts (id),
    kind TEXT NOT NULL CHECK (kind IN ('grant', 'hold', 'capture', 'release')),
    amount INTEGER NOT NULL,
    generation_id BLOB REFERENCES generations (id),
    note TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    CHECK (CASE kind WHEN 'hold' THEN amount = -1 WHEN 'capture' THEN amount = 0 WHEN 'release' THEN amount = 1 ELSE 1 END),
    CHECK ((kind = 'grant') = (generation_id IS NULL))
) STRICT;

CREATE UNIQUE INDEX ledger_entries_of_generation ON ledger_entries (generation_id, kind) WHERE generation_id IS NOT NULL;
CREATE INDEX ledger_entries_of_account ON ledger_entries (account_id, seq);

CREATE TRIGGER ledger_entries_never_change BEFORE UPDATE ON ledger_entries BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
CREATE TRIGGER ledger_entries_never_go BEFORE DELETE ON ledger_entries BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

-- One row per unfinished generation. A job without an attempt waits; one with an attempt is leased.
CREATE TABLE jobs (
    generation_id BLOB NOT NULL PRIMARY KEY REFERENCES generations (id),
    -- Both by the database's clock.
    run_after INTEGER NOT NULL,
    lease_until INTEGER,
    attempt_id BLOB,
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    CHECK ((attempt_id IS NULL) = (lease_until IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX jobs_waiting ON jobs (run_after, generation_id) WHERE attempt_id IS NULL;
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE attempt_id IS NOT NULL;

-- Number of waiting jobs, so that a full queue is seen without counting.
CREATE TABLE queue (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    waiting INTEGER NOT NULL CHECK (waiting >= 0)
) STRICT;
INSERT INTO queue (one, waiting) VALUES (1, 0);

CREATE TRIGGER jobs_come AFTER INSERT ON jobs WHEN new.attempt_id IS NULL BEGIN
    UPDATE queue SET waiting = waiting + 1;
END;
CREATE TRIGGER jobs_go AFTER DELETE ON jobs WHEN old.attempt_id IS NULL BEGIN
    UPDATE queue SET waiting = waiting - 1;
END;
CREATE TRIGGER jobs_change AFTER UPDATE OF attempt_id ON jobs
    WHEN (old.attempt_id IS NULL) <> (new.attempt_id IS NULL) BEGIN
    UPDATE queue SET waiting = waiting + iif(new.attempt_id IS NULL, 1, -1);
END;

CREATE TABLE attempts (
    generation_id BLOB NOT NULL REFERENCES generations (id),
    id BLOB NOT NULL CHECK (length(id) = 16),
    number INTEGER NOT NULL,
    worker TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    outcome TEXT CHECK (outcome IN ('completed', 'failed', 'retried', 'put_back', 'lost', 'cancelled')),
    code TEXT,
    PRIMARY KEY (generation_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
