-- The whole schema. All times are UTC with milliseconds.

-- A poll's state is not stored: it follows from its times and the clock (lib/model/poll-state.ts).
-- `id` is never reused, because it is part of memcached keys. The values of an editor's rules (`kind` to
-- `may_change`) are the words of the API.
CREATE TABLE polls (
  id              INT UNSIGNED     NOT NULL AUTO_INCREMENT,
  slug            VARCHAR(80)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  question        VARCHAR(200)     NOT NULL,
  description     VARCHAR(500)     NOT NULL,
  language        VARCHAR(8)       CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'of buttons and texts; NULL: the one that each browser asks for',
  opens_at        DATETIME(3)      NULL COMMENT 'NULL: a draft',
  closes_at       DATETIME(3)      NULL COMMENT 'NULL: open until an editor closes it',
  finalized_at    DATETIME(3)      NULL COMMENT 'set when every ballot has been counted',
  kind            VARCHAR(16)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'choice, ranked, rating',
  choices_min     TINYINT UNSIGNED NOT NULL,
  choices_max     TINYINT UNSIGNED NOT NULL,
  option_order    VARCHAR(16)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'fixed, random',
  results_to      VARCHAR(16)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'everyone, voters, after_close, from_date, staff, nobody',
  results_from    DATETIME(3)      NULL COMMENT 'with from_date',
  results_as      VARCHAR(16)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'both, percentages, counts',
  after_vote      VARCHAR(16)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'results, thanks, text, link',
  after_vote_text VARCHAR(500)     NOT NULL COMMENT 'the text, or the words of the link',
  after_vote_link VARCHAR(1000)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'https only',
  lane            VARCHAR(8)       CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'high, normal, low',
  may_change      BOOLEAN          NOT NULL COMMENT 'readers may change or withdraw their ballots while the poll is open',
  version         INT UNSIGNED     NOT NULL DEFAULT 1 COMMENT 'incremented by each edit',
  created_at      DATETIME(3)      NOT NULL,
  updated_at      DATETIME(3)      NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY polls_slug (slug),
  KEY polls_closing (finalized_at, closes_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

CREATE TABLE options (
  poll_id   INT UNSIGNED     NOT NULL,
  number    TINYINT UNSIGNED NOT NULL COMMENT '1 to 50, never reused within the poll',
  position  TINYINT UNSIGNED NOT NULL COMMENT 'order on the page',
  label     VARCHAR(200)     NOT NULL,
  pinned    BOOLEAN          NOT NULL COMMENT 'stays at the end when the order is random',
  image_url VARCHAR(1000)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'https, or a path on this site; empty: no image',
  image_alt VARCHAR(200)     NOT NULL COMMENT 'what the image shows, in words',
  PRIMARY KEY (poll_id, number),
  CONSTRAINT options_poll FOREIGN KEY (poll_id) REFERENCES polls (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

-- A flush writes to the tables from here to `acceptances` in one transaction, so that they agree after a crash
-- anywhere.

-- One row for each voter and poll. The primary key is the promise that a voter counts once. A poll's rows lie
-- together, so a new poll's inserts touch few pages, however large the table is.
-- The voter's ballot with the highest revision stands, whatever order ballots arrive in. A withdrawal is a ballot
-- without choices: its row stays, so that a ballot that arrives late can't take its place.
-- No foreign key to polls: a flush locks the poll's row instead, once for the whole batch.
CREATE TABLE ballots (
  poll_id     INT UNSIGNED      NOT NULL,
  voter       BINARY(16)        NOT NULL COMMENT 'HMAC of an identity for this poll',
  ballot_id   BINARY(16)        NOT NULL COMMENT 'UUID, unique for each voter only',
  batch_id    BINARY(12)        NOT NULL COMMENT 'the batch that carried it',
  revision    SMALLINT UNSIGNED NOT NULL COMMENT '0: the first ballot of its voter; one more for each change',
  choices     VARBINARY(100)    NOT NULL COMMENT 'option numbers in the order of choice, one byte each; empty: withdrawn',
  received_at DATETIME(3)       NOT NULL,
  PRIMARY KEY (poll_id, voter)
) ENGINE = InnoDB;

-- Batches committed lately. A batch that arrives again (replayed, or its second copy) is recognised here.
-- Rows are deleted after some days; from then on the primary key of ballots alone keeps a ballot from counting twice.
CREATE TABLE batches (
  batch_id     BINARY(12)        NOT NULL,
  epoch        CHAR(12)          CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  slot         BIGINT UNSIGNED   NOT NULL,
  ballots      SMALLINT UNSIGNED NOT NULL,
  committed_at DATETIME(3)       NOT NULL,
  PRIMARY KEY (batch_id),
  KEY batches_committed (committed_at)
) ENGINE = InnoDB;

-- Running totals of each poll, and what became of the ballots that do not count. Signed, because they are changed
-- by differences, which may be negative.
CREATE TABLE poll_totals (
  poll_id    INT UNSIGNED NOT NULL,
  ballots    BIGINT       NOT NULL DEFAULT 0 COMMENT 'ballots that count',
  duplicates BIGINT       NOT NULL DEFAULT 0 COMMENT 'other ballots of voters who have one',
  repeated   BIGINT       NOT NULL DEFAULT 0 COMMENT 'the same ballot, sent or delivered again',
  replaced   BIGINT       NOT NULL DEFAULT 0 COMMENT 'ballots that a later revision replaced',
  withdrawn  BIGINT       NOT NULL DEFAULT 0 COMMENT 'withdrawals that stand',
  set_aside  BIGINT       NOT NULL DEFAULT 0 COMMENT 'ballots in dead_letters',
  lost       BIGINT       NOT NULL DEFAULT 0 COMMENT 'accepted, but missing while nothing waits in any queue',
  PRIMARY KEY (poll_id),
  CONSTRAINT poll_totals_poll FOREIGN KEY (poll_id) REFERENCES polls (id) ON DELETE CASCADE
) ENGINE = InnoDB;

-- The counters of each option: votes or first preferences (measure 0); for ranked and rating polls other
-- measures too (lib/model/tally-parts.ts).
CREATE TABLE option_totals (
  poll_id       INT UNSIGNED     NOT NULL,
  option_number TINYINT UNSIGNED NOT NULL,
  measure       TINYINT UNSIGNED NOT NULL,
  votes         BIGINT           NOT NULL,
  PRIMARY KEY (poll_id, option_number, measure),
  CONSTRAINT option_totals_option FOREIGN KEY (poll_id, option_number)
    REFERENCES options (poll_id, number) ON DELETE CASCADE
) ENGINE = InnoDB;

-- The newest committed slot of each epoch of each queue. It never moves back.
CREATE TABLE checkpoints (
  epoch         CHAR(12)        CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  server        VARCHAR(255)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'host:port',
  queue         VARCHAR(32)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'lane.home',
  slot          BIGINT UNSIGNED NOT NULL DEFAULT 0,
  deleted       BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'slots up to here are deleted from memcached, too',
  missing_slots BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'numbers that were passed because no slot was written',
  opened_at     DATETIME(3)     NOT NULL,
  updated_at    DATETIME(3)     NOT NULL,
  closed_at     DATETIME(3)     NULL COMMENT 'set when the server has lost this epoch and no ballot can come from it',
  PRIMARY KEY (epoch),
  KEY checkpoints_open (closed_at, server, queue)
) ENGINE = InnoDB;

-- Slots and ballots that could not be counted, with their bytes and the reason.
CREATE TABLE dead_letters (
  id           BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  poll_id      INT UNSIGNED    NULL COMMENT 'NULL: the bytes did not even say which poll',
  epoch        CHAR(12)        CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  slot         BIGINT UNSIGNED NOT NULL,
  reason       VARCHAR(255)    CHARACTER SET ascii NOT NULL,
  bytes        MEDIUMBLOB      NOT NULL COMMENT 'a whole slot',
  ballots      INT UNSIGNED    NOT NULL COMMENT 'number of ballots in it, as far as known',
  created_at   DATETIME(3)     NOT NULL,
  dismissed_at DATETIME(3)     NULL COMMENT 'set when an operator gives it up: it can never be counted',
  PRIMARY KEY (id),
  KEY dead_letters_poll (poll_id)
) ENGINE = InnoDB;

-- One row for each poll and each run of a front process. `accepted` is the front's own count of the ballots that it
-- acknowledged, reported past the queue; `arrived` is what flushes found in that front's batches.
CREATE TABLE acceptances (
  poll_id  INT UNSIGNED NOT NULL,
  producer BINARY(8)    NOT NULL COMMENT 'the first bytes of the batch ids of one run of a front',
  accepted BIGINT       NOT NULL DEFAULT 0,
  arrived  BIGINT       NOT NULL DEFAULT 0,
  PRIMARY KEY (poll_id, producer)
) ENGINE = InnoDB;

-- The next four tables are those of the sign-in library (better-auth), under our names. Only the library reads and
-- writes them.
CREATE TABLE editors (
  id             VARCHAR(36)  NOT NULL,
  name           VARCHAR(255) NOT NULL,
  email          VARCHAR(255) NOT NULL,
  email_verified BOOLEAN      NOT NULL DEFAULT FALSE,
  image          TEXT         NULL,
  created_at     DATETIME(3)  NOT NULL,
  updated_at     DATETIME(3)  NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY editors_email (email)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

CREATE TABLE editor_sessions (
  id         VARCHAR(36)  NOT NULL,
  editor_id  VARCHAR(36)  NOT NULL,
  token      VARCHAR(255) NOT NULL,
  expires_at DATETIME(3)  NOT NULL,
  ip_address TEXT         NULL,
  user_agent TEXT         NULL,
  created_at DATETIME(3)  NOT NULL,
  updated_at DATETIME(3)  NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY editor_sessions_token (token),
  CONSTRAINT editor_sessions_editor FOREIGN KEY (editor_id) REFERENCES editors (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

CREATE TABLE editor_accounts (
  id                       VARCHAR(36) NOT NULL,
  editor_id                VARCHAR(36) NOT NULL,
  account_id               TEXT        NOT NULL,
  provider_id              TEXT        NOT NULL,
  access_token             TEXT        NULL,
  refresh_token            TEXT        NULL,
  id_token                 TEXT        NULL,
  access_token_expires_at  DATETIME(3) NULL,
  refresh_token_expires_at DATETIME(3) NULL,
  scope                    TEXT        NULL,
  password                 TEXT        NULL,
  created_at               DATETIME(3) NOT NULL,
  updated_at               DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT editor_accounts_editor FOREIGN KEY (editor_id) REFERENCES editors (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

CREATE TABLE editor_verifications (
  id         VARCHAR(36)  NOT NULL,
  identifier VARCHAR(255) NOT NULL,
  value      TEXT         NOT NULL,
  expires_at DATETIME(3)  NOT NULL,
  created_at DATETIME(3)  NOT NULL,
  updated_at DATETIME(3)  NOT NULL,
  PRIMARY KEY (id),
  KEY editor_verifications_identifier (identifier)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

-- Tokens for scripts. Only a digest is stored: a copy of this table gives no access.
CREATE TABLE api_tokens (
  id         INT UNSIGNED NOT NULL AUTO_INCREMENT,
  editor_id  VARCHAR(36)  NOT NULL,
  name       VARCHAR(100) NOT NULL,
  digest     BINARY(32)   NOT NULL COMMENT 'SHA-256 of the token, which has 256 random bits',
  created_at DATETIME(3)  NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY api_tokens_digest (digest),
  CONSTRAINT api_tokens_editor FOREIGN KEY (editor_id) REFERENCES editors (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
