-- Which editors may manage other editors. A site keeps at least one admin (lib/store/editors.ts). Until now every editor
-- could do everything, so all of them become admins.
ALTER TABLE editors ADD COLUMN role VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'editor';
UPDATE editors SET role = 'admin';
