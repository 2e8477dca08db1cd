-- What makes the creation of a poll idempotent: a request that is sent again makes no second poll.
ALTER TABLE polls
  ADD COLUMN creation_key    CHAR(43) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'SHA-256 of the editor and the Idempotency-Key; NULL: created without one' AFTER secret_digest,
  ADD COLUMN creation_digest CHAR(43) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'SHA-256 of what was asked for under this key' AFTER creation_key,
  ADD UNIQUE KEY polls_creation_key (creation_key);
