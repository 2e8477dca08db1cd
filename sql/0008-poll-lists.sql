-- Lists of polls: what is in readers' list, the addresses that polls had before, and an index for each way to list them.
ALTER TABLE polls
  ADD COLUMN listed BOOLEAN NOT NULL DEFAULT TRUE COMMENT 'in readers'' list of polls, and in its search' AFTER may_change,
  ADD KEY polls_kind (kind),
  ADD KEY polls_times (opens_at, closes_at, finalized_at);
-- The earlier slugs of polls that were renamed: their addresses lead to the new one. A poll that has such a slug itself
-- is what the address means.
CREATE TABLE former_slugs (
  slug       VARCHAR(80)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  poll_id    INT UNSIGNED NOT NULL,
  renamed_at DATETIME(3)  NOT NULL,
  PRIMARY KEY (slug),
  KEY former_slugs_poll (poll_id),
  CONSTRAINT former_slugs_poll FOREIGN KEY (poll_id) REFERENCES polls (id) ON DELETE CASCADE
) ENGINE = InnoDB;
