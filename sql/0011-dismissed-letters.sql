-- A dead letter that can never be counted, and that somebody has looked at.

ALTER TABLE dead_letters
  ADD COLUMN dismissed_at DATETIME(3) NULL COMMENT 'NULL: it still asks to be looked at' AFTER created_at;
