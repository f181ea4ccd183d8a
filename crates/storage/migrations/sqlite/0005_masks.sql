-- Where the pixels of a result come from, for engines that put the original back: a gray picture that lives as long as the result.

CREATE TABLE result_masks (
    generation_id BLOB NOT NULL PRIMARY KEY REFERENCES generations (id),
    blob_key TEXT NOT NULL UNIQUE,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
    -- That of the result.
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX result_masks_expiring ON result_masks (expires_at);
