-- Outfits: several products in one try-on, a credit for each.

ALTER TABLE generations ADD COLUMN credits INTEGER NOT NULL DEFAULT 1 CHECK (credits BETWEEN 1 AND 3);

-- The products of an outfit but the first, which stands in the generation itself. No foreign key to the product, as there.
CREATE TABLE outfit_items (
    generation_id BLOB NOT NULL REFERENCES generations (id),
    place INTEGER NOT NULL CHECK (place > 0),
    product_id BLOB NOT NULL,
    image_revision INTEGER NOT NULL,
    product_external_id TEXT NOT NULL,
    product_title TEXT,
    product_description TEXT,
    PRIMARY KEY (generation_id, place)
) STRICT, WITHOUT ROWID;

-- A check cannot be changed, so the ledger moves into a table whose checks know holds of several credits.
CREATE TABLE ledger_with_outfits (
    -- Order of writing; gaps mean nothing.
    seq INTEGER NOT NULL PRIMARY KEY,
    id BLOB NOT NULL CHECK (length(id) = 16),
    account_id BLOB NOT NULL REFERENCES accounts (id),
    kind TEXT NOT NULL CHECK (kind IN ('grant', 'hold', 'capture', 'release')),
    amount INTEGER NOT NULL,
    generation_id BLOB REFERENCES generations (id),
    note TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    CHECK (CASE kind WHEN 'hold' THEN amount BETWEEN -3 AND -1 WHEN 'capture' THEN amount = 0
        WHEN 'release' THEN amount BETWEEN 1 AND 3 ELSE 1 END),
    CHECK ((kind = 'grant') = (generation_id IS NULL))
) STRICT;

INSERT INTO ledger_with_outfits (seq, id, account_id, kind, amount, generation_id, note, created_at)
    SELECT seq, id, account_id, kind, amount, generation_id, note, created_at FROM ledger_entries ORDER BY seq;
DROP TABLE ledger_entries;
ALTER TABLE ledger_with_outfits RENAME TO ledger_entries;

CREATE UNIQUE INDEX ledger_entries_of_generation ON ledger_entries (generation_id, kind) WHERE generation_id IS NOT NULL;
CREATE INDEX ledger_entries_of_account ON ledger_entries (account_id, seq);

CREATE TRIGGER ledger_entries_never_change BEFORE UPDATE ON ledger_entries BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
CREATE TRIGGER ledger_entries_never_go BEFORE DELETE ON ledger_entries BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

ALTER TABLE usage_days ADD COLUMN credits_captured INTEGER NOT NULL DEFAULT 0;
UPDATE usage_days SET credits_captured = completed;

-- An outfit counts as one try-on, of several credits.
CREATE TRIGGER ledger_entries_are_counted AFTER INSERT ON ledger_entries WHEN new.kind <> 'grant' BEGIN
    INSERT INTO usage_days (account_id, day, created, completed, failed, completed_ms, credits_captured)
    SELECT new.account_id, new.created_at / 86400000000, new.kind = 'hold', new.kind = 'capture', new.kind = 'release',
        iif(new.kind = 'capture', COALESCE(generation_time_ms, 0), 0), iif(new.kind = 'capture', credits, 0)
    FROM generations WHERE id = new.generation_id
    ON CONFLICT (day, account_id) DO UPDATE SET created = created + excluded.created,
        completed = completed + excluded.completed, failed = failed + excluded.failed,
        completed_ms = completed_ms + excluded.completed_ms,
        credits_captured = credits_captured + excluded.credits_captured;
END;
