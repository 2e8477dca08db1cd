-- The secret that a poll's voter keys, identities and receipts are made with. It stays the poll's own while secrets rotate.
ALTER TABLE polls ADD COLUMN secret_digest CHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL
  COMMENT 'names the secret, which can''t be found from it; NULL: not noted yet, the oldest known one';
