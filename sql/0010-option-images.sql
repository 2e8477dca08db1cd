-- An image of an option, shown beside its label.

ALTER TABLE options
  ADD COLUMN image_url VARCHAR(1000) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'https, or a path on this site; empty: none',
  ADD COLUMN image_alt VARCHAR(200)  NOT NULL DEFAULT '' COMMENT 'what it shows, for who does not see it';
