-- Polls and their options.
--
-- A poll's state is not stored: it follows from these times and the clock (lib/model/poll-state.ts).
-- All times are UTC with milliseconds. `id` is never reused: it is part of memcached keys.

CREATE TABLE polls (
  id           INT UNSIGNED     NOT NULL AUTO_INCREMENT,
  slug         VARCHAR(80)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  question     VARCHAR(200)     NOT NULL,
  description  VARCHAR(500)     NOT NULL DEFAULT '',
  choices_min  TINYINT UNSIGNED NOT NULL,
  choices_max  TINYINT UNSIGNED NOT NULL,
  opens_at     DATETIME(3)      NULL COMMENT 'NULL: a draft',
  closes_at    DATETIME(3)      NULL COMMENT 'NULL: open until somebody closes it',
  finalized_at DATETIME(3)      NULL COMMENT 'set once every ballot has been counted',
  version      INT UNSIGNED     NOT NULL DEFAULT 1 COMMENT 'goes up with each edit',
  created_at   DATETIME(3)      NOT NULL,
  updated_at   DATETIME(3)      NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY polls_slug (slug),
  KEY polls_closing (finalized_at, closes_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

CREATE TABLE options (
  poll_id  INT UNSIGNED     NOT NULL,
  number   TINYINT UNSIGNED NOT NULL COMMENT '1 to 50, never reused within the poll',
  position TINYINT UNSIGNED NOT NULL COMMENT 'order on the page',
  label    VARCHAR(200)     NOT NULL,
  PRIMARY KEY (poll_id, number),
  CONSTRAINT options_poll FOREIGN KEY (poll_id) REFERENCES polls (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
