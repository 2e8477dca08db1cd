-- Readers may change or withdraw their ballots, where the poll's editor lets them.
--
-- Of a voter's ballots the one with the highest revision stands, whatever order they come in. A withdrawal is a
-- ballot without choices: its row stays, so that nothing that comes late can take its place.

ALTER TABLE polls
  ADD COLUMN may_change TINYINT(1) NOT NULL DEFAULT 0 COMMENT 'readers may change or withdraw their ballots while it is open';

ALTER TABLE ballots
  ADD COLUMN revision SMALLINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '0: the first of its voter; goes up with each change';

ALTER TABLE poll_totals
  ADD COLUMN replaced  BIGINT NOT NULL DEFAULT 0 COMMENT 'ballots that a later one of their voter took the place of',
  ADD COLUMN withdrawn BIGINT NOT NULL DEFAULT 0 COMMENT 'withdrawals that stand';
