-- The lists of memcached and queue servers that the site has agreed on, and the step of the change from one to the next
-- (lib/model/server-list.ts). The newest one counts, or, while it is not settled, the newest two. Each process says in the
-- fleet record which list it wishes, by its settings, and which step it has taken.
CREATE TABLE server_lists (
  version    INT UNSIGNED NOT NULL,
  rule       VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'by_order, rendezvous',
  memcached  TEXT         CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'JSON: host:port of each',
  queues     TEXT         CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'JSON: host:port of each',
  step       VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'joining, switching, settled',
  ready_at   DATETIME(3)  NULL COMMENT 'when a worker first found that all processes had taken the step',
  changed_at DATETIME(3)  NOT NULL,
  PRIMARY KEY (version)
) ENGINE = InnoDB;
ALTER TABLE processes
  ADD COLUMN server_wish TEXT        CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'JSON: the servers that its settings name',
  ADD COLUMN server_step VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'version and step of the list that it has taken';
