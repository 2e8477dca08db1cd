-- What a poll is known by outside MySQL: in memcached's keys, in slots, and in the accepted counts of fronts. A number
-- may be given twice, when a backup is restored.
ALTER TABLE polls
  ADD COLUMN poll_key BIGINT UNSIGNED NULL COMMENT '64 random bits, 2^32 or more; NULL: made by release 0.2.0, the number stands for it' AFTER id,
  ADD UNIQUE KEY polls_poll_key (poll_key);
