-- The language of a poll's buttons and texts: of the page around the editor's own words.

ALTER TABLE polls
  ADD COLUMN language VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NULL
    COMMENT 'NULL: what each reader''s browser asks for';
