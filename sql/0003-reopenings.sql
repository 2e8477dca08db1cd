-- Each time the count of a final poll was reopened. Readers see when and why the result changed.
CREATE TABLE reopenings (
  id             INT UNSIGNED NOT NULL AUTO_INCREMENT,
  poll_id        INT UNSIGNED NOT NULL,
  reopened_at    DATETIME(3)  NOT NULL,
  reopened_by    VARCHAR(255) NOT NULL COMMENT 'an editor''s email address, or operator',
  reason         VARCHAR(300) NOT NULL COMMENT 'in public',
  ballots_before BIGINT       NOT NULL,
  ballots_after  BIGINT       NULL,
  final_at       DATETIME(3)  NULL COMMENT 'NULL: it is still being counted',
  PRIMARY KEY (id),
  KEY reopenings_poll (poll_id),
  CONSTRAINT reopenings_poll FOREIGN KEY (poll_id) REFERENCES polls (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
