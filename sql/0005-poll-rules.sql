-- What an editor decides about a poll beyond its question: how readers vote, who sees results and when,
-- and what comes after the vote. The words are those of the API.

ALTER TABLE polls
  ADD COLUMN kind            VARCHAR(16)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'choice' COMMENT 'choice, ranked, rating',
  ADD COLUMN option_order    VARCHAR(16)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'fixed' COMMENT 'fixed, random',
  ADD COLUMN results_to      VARCHAR(16)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'everyone' COMMENT 'everyone, voters, after_close, from_date, staff, nobody',
  ADD COLUMN results_from    DATETIME(3)   NULL COMMENT 'with from_date',
  ADD COLUMN results_as      VARCHAR(16)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'both' COMMENT 'both, percentages, counts',
  ADD COLUMN after_vote      VARCHAR(16)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'results' COMMENT 'results, thanks, text, link',
  ADD COLUMN after_vote_text VARCHAR(500)  NOT NULL DEFAULT '' COMMENT 'the text, or the words of the link',
  ADD COLUMN after_vote_link VARCHAR(1000) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'https only',
  ADD COLUMN lane            VARCHAR(8)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'normal' COMMENT 'high, normal, low';

ALTER TABLE options
  ADD COLUMN pinned TINYINT(1) NOT NULL DEFAULT 0 COMMENT 'keeps its place at the end when the order is random';

-- What is counted of an option: its votes (or first preferences); for ranked and rated polls more.
-- The foreign key goes and comes back, because it needs the primary key that is changed.
ALTER TABLE option_totals
  DROP FOREIGN KEY option_totals_option;
ALTER TABLE option_totals
  ADD COLUMN measure TINYINT UNSIGNED NOT NULL DEFAULT 0 AFTER option_number,
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (poll_id, option_number, measure);
ALTER TABLE option_totals
  ADD CONSTRAINT option_totals_option FOREIGN KEY (poll_id, option_number)
    REFERENCES options (poll_id, number) ON DELETE CASCADE;
