-- Ballots, what they add up to, and how far each queue has been flushed.
--
-- A flush writes to all of these in one transaction, so that a crash anywhere leaves them agreeing.

-- One row a ballot. The primary key is the product's promise that one voter counts once; a poll's rows
-- lie together, so a new poll's inserts touch few pages however large the table is.
-- No foreign key to polls: a flush locks the poll's row instead, once for the whole batch.
CREATE TABLE ballots (
  poll_id     INT UNSIGNED   NOT NULL,
  voter       BINARY(16)     NOT NULL COMMENT 'HMAC of an identity for this poll',
  ballot_id   BINARY(16)     NOT NULL COMMENT 'UUID; unique for each voter only',
  batch_id    BINARY(12)     NOT NULL COMMENT 'the batch that brought it',
  choices     VARBINARY(100) NOT NULL COMMENT 'option numbers in the order of choice, one byte each',
  received_at DATETIME(3)    NOT NULL,
  PRIMARY KEY (poll_id, voter)
) ENGINE = InnoDB;

-- Batches committed lately: a batch that comes a second time (replayed, or from its second copy) is
-- recognised here. Rows are dropped after some days; the primary key of ballots still holds then.
CREATE TABLE batches (
  batch_id     BINARY(12)        NOT NULL,
  epoch        CHAR(12)          CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  slot         BIGINT UNSIGNED   NOT NULL,
  ballots      SMALLINT UNSIGNED NOT NULL,
  committed_at DATETIME(3)       NOT NULL,
  PRIMARY KEY (batch_id),
  KEY batches_committed (committed_at)
) ENGINE = InnoDB;

-- Running totals of each poll: the number of ballots counted, and of those refused as duplicates.
-- Signed, because they are moved by differences, which may be negative.
CREATE TABLE poll_totals (
  poll_id    INT UNSIGNED NOT NULL,
  ballots    BIGINT       NOT NULL DEFAULT 0,
  duplicates BIGINT       NOT NULL DEFAULT 0,
  PRIMARY KEY (poll_id),
  CONSTRAINT poll_totals_poll FOREIGN KEY (poll_id) REFERENCES polls (id) ON DELETE CASCADE
) ENGINE = InnoDB;

CREATE TABLE option_totals (
  poll_id       INT UNSIGNED     NOT NULL,
  option_number TINYINT UNSIGNED NOT NULL,
  votes         BIGINT           NOT NULL DEFAULT 0,
  PRIMARY KEY (poll_id, option_number),
  CONSTRAINT option_totals_option FOREIGN KEY (poll_id, option_number)
    REFERENCES options (poll_id, number) ON DELETE CASCADE
) ENGINE = InnoDB;

-- The newest slot committed, for each life of each queue. Never moves back.
CREATE TABLE checkpoints (
  epoch      CHAR(12)        CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  server     VARCHAR(255)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'host:port',
  queue      VARCHAR(32)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'lane.home',
  slot       BIGINT UNSIGNED NOT NULL DEFAULT 0,
  deleted    BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'slots up to here are gone from memcached, too',
  holes      BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'numbers passed because nobody wrote the slot',
  opened_at  DATETIME(3)     NOT NULL,
  updated_at DATETIME(3)     NOT NULL,
  closed_at  DATETIME(3)     NULL COMMENT 'the server lost this epoch, and nothing more can come',
  PRIMARY KEY (epoch),
  KEY checkpoints_open (closed_at, server, queue)
) ENGINE = InnoDB;

-- What could not be counted, with its bytes and why.
CREATE TABLE dead_letters (
  id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  poll_id    INT UNSIGNED    NULL COMMENT 'NULL: not even that could be read',
  epoch      CHAR(12)        CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  slot       BIGINT UNSIGNED NOT NULL,
  reason     VARCHAR(255)    CHARACTER SET ascii NOT NULL,
  bytes      MEDIUMBLOB      NOT NULL COMMENT 'a whole slot',
  ballots    INT UNSIGNED    NOT NULL COMMENT 'how many ballots are in it, as far as known',
  created_at DATETIME(3)     NOT NULL,
  PRIMARY KEY (id),
  KEY dead_letters_poll (poll_id)
) ENGINE = InnoDB;
