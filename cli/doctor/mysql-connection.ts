/** Whether what goes to MySQL and back is encrypted. One query; judging the answer is a pure function. */
import { type DatabaseServer, isRemote, readDatabaseUrl } from "#lib/config/database-url.ts";
import type { Row, Store } from "#lib/store/database.ts";
import { type Finding, ok, warn } from "./finding.ts";

const about = "MySQL connection";

interface StatusRow extends Row {
  readonly Value: string;
}

/** The finding for a server that answers. */
export async function checkConnection(store: Store, databaseUrl: string): Promise<Finding> {
  const [row] = await store.rows<StatusRow>(
    "doctor.encryption",
    "SHOW SESSION STATUS LIKE 'Ssl_version'",
  );
  return judgeConnection(readDatabaseUrl(databaseUrl), row?.Value ?? "");
}

/** @param protocol - as MySQL names it, like `TLSv1.3`; empty: the connection is not encrypted. */
export function judgeConnection(server: DatabaseServer, protocol: string): Finding {
  if (protocol !== "") {
    const { rejectUnauthorized, verifyIdentity } = server.tls ?? {};
    const checks = verifyIdentity
      ? "the certificate and its host name are checked"
      : rejectUnauthorized
        ? "the certificate is checked, its host name is not"
        : "the certificate is not checked";
    return ok(about, `encrypted with ${protocol}; ${checks}`);
  }
  if (!isRemote(server)) return ok(about, "not encrypted; it does not leave this machine");
  return warn(
    about,
    "settings",
    "not encrypted, and the server is on another machine: the network between can read ballots and editors' sessions",
    "Add ?ssl-mode=VERIFY_IDENTITY to DATABASE_URL, with ssl-ca=… if the server's authority is your own; or REQUIRED, which checks no certificate.",
  );
}
