-- The running fronts and workers: the fleet record. Each keeps its own row up to date (lib/fleet/registration.ts). They
-- compare their settings here. A poll becomes final only when every front has said that it holds nothing that was
-- received before the closing, has ended, or has been declared gone (lib/fleet/fronts.ts). All times but `held_since`
-- are by MySQL's clock.
CREATE TABLE processes (
  id                 BINARY(8)         NOT NULL COMMENT 'one run of a process, chosen at random; the first bytes of a front''s batch ids',
  role               VARCHAR(8)        CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'front, worker',
  home               SMALLINT UNSIGNED NULL COMMENT 'of a front',
  homes              SMALLINT UNSIGNED NOT NULL COMMENT 'how many homes its settings name',
  machine            VARCHAR(255)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'its host name',
  pid                INT UNSIGNED      NOT NULL,
  pid_space          CHAR(32)          CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'processes with the same value see each other by process id',
  version            VARCHAR(32)       CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'of Floodgate',
  settings           TEXT              CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'JSON: settings that must be equal; a digest of each secret',
  clock_ahead_ms     BIGINT            NOT NULL COMMENT 'its machine''s clock against the site''s time',
  started_at         DATETIME(3)       NOT NULL,
  seen_at            DATETIME(3)       NOT NULL COMMENT 'its last report',
  held_since         DATETIME(3)       NULL COMMENT 'of a front: every ballot that it received before is in MySQL; site time',
  missing_since      DATETIME(3)       NULL COMMENT 'when a worker first found that a front''s reports had stopped',
  missing_checked_at DATETIME(3)       NULL COMMENT 'when a worker last looked at that',
  ended_at           DATETIME(3)       NULL COMMENT 'it has ended, so it can hold nothing',
  gone_at            DATETIME(3)       NULL COMMENT 'declared gone: polls become final without its word',
  PRIMARY KEY (id),
  KEY processes_ended (ended_at)
) ENGINE = InnoDB;
