-- Editors, their sessions and their API tokens.
--
-- The first four tables are those of the sign-in library (better-auth), under our names; it alone
-- reads and writes them.

CREATE TABLE editors (
  id             VARCHAR(36)  NOT NULL,
  name           VARCHAR(255) NOT NULL,
  email          VARCHAR(255) NOT NULL,
  email_verified BOOLEAN      NOT NULL DEFAULT FALSE,
  image          TEXT         NULL,
  created_at     DATETIME(3)  NOT NULL,
  updated_at     DATETIME(3)  NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY editors_email (email)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

CREATE TABLE editor_sessions (
  id         VARCHAR(36)  NOT NULL,
  editor_id  VARCHAR(36)  NOT NULL,
  token      VARCHAR(255) NOT NULL,
  expires_at DATETIME(3)  NOT NULL,
  ip_address TEXT         NULL,
  user_agent TEXT         NULL,
  created_at DATETIME(3)  NOT NULL,
  updated_at DATETIME(3)  NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY editor_sessions_token (token),
  CONSTRAINT editor_sessions_editor FOREIGN KEY (editor_id) REFERENCES editors (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

CREATE TABLE editor_accounts (
  id                       VARCHAR(36) NOT NULL,
  editor_id                VARCHAR(36) NOT NULL,
  account_id               TEXT        NOT NULL,
  provider_id              TEXT        NOT NULL,
  access_token             TEXT        NULL,
  refresh_token            TEXT        NULL,
  id_token                 TEXT        NULL,
  access_token_expires_at  DATETIME(3) NULL,
  refresh_token_expires_at DATETIME(3) NULL,
  scope                    TEXT        NULL,
  password                 TEXT        NULL,
  created_at               DATETIME(3) NOT NULL,
  updated_at               DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT editor_accounts_editor FOREIGN KEY (editor_id) REFERENCES editors (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

CREATE TABLE editor_verifications (
  id         VARCHAR(36)  NOT NULL,
  identifier VARCHAR(255) NOT NULL,
  value      TEXT         NOT NULL,
  expires_at DATETIME(3)  NOT NULL,
  created_at DATETIME(3)  NOT NULL,
  updated_at DATETIME(3)  NOT NULL,
  PRIMARY KEY (id),
  KEY editor_verifications_identifier (identifier)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

-- Tokens for scripts. Only a digest is kept: a copy of this table opens nothing.
CREATE TABLE api_tokens (
  id           INT UNSIGNED NOT NULL AUTO_INCREMENT,
  editor_id    VARCHAR(36)  NOT NULL,
  name         VARCHAR(100) NOT NULL,
  digest       BINARY(32)   NOT NULL COMMENT 'SHA-256 of the token, which has 256 random bits',
  created_at   DATETIME(3)  NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY api_tokens_digest (digest),
  CONSTRAINT api_tokens_editor FOREIGN KEY (editor_id) REFERENCES editors (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
