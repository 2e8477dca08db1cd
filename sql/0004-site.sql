-- The database as a whole, in one row. All times are by MySQL's clock.
CREATE TABLE site (
  id            TINYINT UNSIGNED NOT NULL COMMENT 'always 1',
  site_id       CHAR(16)         CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'random; the same for ever: tells this site from others that use the same memcached by mistake',
  generation    CHAR(16)         CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'random, and another one after every restore: fronts and workers forget what they remember of the data before',
  backed_up_at  DATETIME(3)      NULL COMMENT 'the moment of the newest complete backup',
  restored_at   DATETIME(3)      NULL COMMENT 'when a backup was restored',
  restored_from DATETIME(3)      NULL COMMENT 'the moment of that backup',
  PRIMARY KEY (id)
) ENGINE = InnoDB;

INSERT INTO site (id, site_id, generation) VALUES (
  1,
  LEFT(SHA2(CONCAT('site', UUID(), RAND(), CURRENT_TIMESTAMP(6)), 256), 16),
  LEFT(SHA2(CONCAT('generation', UUID(), RAND(), CURRENT_TIMESTAMP(6)), 256), 16)
);

-- Polls that the last restore took away: they were made after its backup.
CREATE TABLE gone_polls (
  id         INT UNSIGNED NOT NULL COMMENT 'the number that it had',
  slug       VARCHAR(80)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  question   VARCHAR(200) NOT NULL,
  accepted   BIGINT       NOT NULL COMMENT 'ballots that fronts had accepted for it, as far as they had reported',
  created_at DATETIME(3)  NOT NULL,
  PRIMARY KEY (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
