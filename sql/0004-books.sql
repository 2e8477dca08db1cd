-- The books: what was accepted against what became of it.

ALTER TABLE poll_totals
  ADD COLUMN repeated  BIGINT NOT NULL DEFAULT 0 COMMENT 'the very same ballot, sent or delivered again',
  ADD COLUMN set_aside BIGINT NOT NULL DEFAULT 0 COMMENT 'in dead_letters',
  ADD COLUMN lost      BIGINT NOT NULL DEFAULT 0 COMMENT 'accepted, and not here with all queues at rest';

-- One row for each life of a front and poll. `accepted` is the front's own count of the ballots that it
-- answered for, brought here past the queue; `arrived` is what flushes found in that front's batches.
CREATE TABLE acceptances (
  poll_id    INT UNSIGNED NOT NULL,
  producer   BINARY(8)    NOT NULL COMMENT 'the first bytes of the batch ids of one life of a front',
  accepted   BIGINT       NOT NULL DEFAULT 0,
  arrived    BIGINT       NOT NULL DEFAULT 0,
  PRIMARY KEY (poll_id, producer)
) ENGINE = InnoDB;
