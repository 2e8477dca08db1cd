/**
 * How the connections to MySQL are encrypted: the `ssl…` parameters of `DATABASE_URL`, in the spellings that providers
 * of managed MySQL hand out.
 */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { z } from "zod";

/** As the driver takes it. */
export interface DatabaseTls {
  /** The certificate must be signed by a known authority. */
  readonly rejectUnauthorized: boolean;
  /** The certificate must be for the host of the address. */
  readonly verifyIdentity: boolean;
  /** PEM: authorities instead of the well-known ones. */
  readonly ca?: string;
  /** PEM: our own certificate and its key. */
  readonly cert?: string;
  readonly key?: string;
}

/** Parameters by their names in lower case, without dashes and underscores. */
export type Parameters = ReadonlyMap<string, string>;

type Mode = "DISABLED" | "REQUIRED" | "VERIFY_CA" | "VERIFY_IDENTITY";

/** Values of `ssl-mode` in lower case, without dashes and underscores: those of MySQL and those of PostgreSQL. */
const modes: Readonly<Record<string, Mode>> = {
  disabled: "DISABLED",
  disable: "DISABLED",
  required: "REQUIRED",
  require: "REQUIRED",
  verifyca: "VERIFY_CA",
  verifyidentity: "VERIFY_IDENTITY",
  verifyfull: "VERIFY_IDENTITY",
};
const switches: Readonly<Record<string, Mode>> = {
  true: "REQUIRED",
  "1": "REQUIRED",
  false: "DISABLED",
  "0": "DISABLED",
};
const objectOfDriver = z.strictObject({
  rejectUnauthorized: z.boolean().default(true),
  verifyIdentity: z.boolean().default(false),
  ca: z.string().optional(),
  cert: z.string().optional(),
  key: z.string().optional(),
});

const modeNames = "DISABLED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY";

/**
 * Reads the parameters about TLS; `undefined`: connections are not encrypted.
 *
 * @throws RangeError with the rest of a sentence that begins with the setting's name.
 */
export function readTls(parameters: Parameters): DatabaseTls | undefined {
  const ssl = parameters.get("ssl");
  if (ssl?.trimStart().startsWith("{")) return readObject(ssl, parameters);
  const mode = modeIn(parameters);
  const files = {
    ca: readPem(parameters, "sslca", "ssl-ca"),
    cert: readPem(parameters, "sslcert", "ssl-cert"),
    key: readPem(parameters, "sslkey", "ssl-key"),
  };
  const hasFile = Object.values(files).some(text => text !== undefined);
  if (mode === "DISABLED" || (mode === undefined && !hasFile)) {
    if (hasFile) throw new RangeError("must not have a certificate while ssl-mode is DISABLED");
    return undefined;
  }
  if (mode === "REQUIRED" && files.ca !== undefined) {
    throw new RangeError(
      "must have ssl-mode=VERIFY_CA or VERIFY_IDENTITY when it has ssl-ca: REQUIRED checks no certificate",
    );
  }
  return checked({
    // An authority without a mode is there to be asked, as with MySQL's own programs.
    rejectUnauthorized: mode !== "REQUIRED",
    verifyIdentity: mode === "VERIFY_IDENTITY",
    ...files,
  });
}

function modeIn(parameters: Parameters): Mode | undefined {
  const [ssl, sslMode] = [parameters.get("ssl"), parameters.get("sslmode")];
  if (ssl !== undefined && sslMode !== undefined) {
    throw new RangeError("must have only one of the parameters ssl and ssl-mode");
  }
  if (ssl !== undefined) {
    const mode = switches[ssl.toLowerCase()];
    if (mode === undefined) {
      throw new RangeError(`must have ssl=true or ssl=false, or ssl-mode with ${modeNames}`);
    }
    return mode;
  }
  if (sslMode === undefined) return undefined;
  const text = sslMode.toLowerCase().replaceAll(/[-_]/g, "");
  if (["preferred", "prefer", "allow"].includes(text)) {
    throw new RangeError(
      "must say whether connections are encrypted: ssl-mode PREFERRED is not supported, write REQUIRED or DISABLED",
    );
  }
  const mode = modes[text];
  if (mode === undefined) throw new RangeError(`must have an ssl-mode of ${modeNames}`);
  return mode;
}

/** The object of Node's driver: `ssl={"rejectUnauthorized":true}`. */
function readObject(text: string, parameters: Parameters): DatabaseTls {
  if ([...parameters.keys()].some(name => name.startsWith("ssl") && name !== "ssl")) {
    throw new RangeError("must not have other ssl parameters beside ssl={…}");
  }
  const read = objectOfDriver.safeParse(parsed(text));
  if (!read.success) {
    const names = Object.keys(objectOfDriver.shape).join(", ");
    throw new RangeError(`must have an ssl={…} that is JSON with nothing but ${names}`);
  }
  const { ca, cert, key, ...rest } = read.data;
  if (rest.verifyIdentity && !rest.rejectUnauthorized) {
    throw new RangeError("must not have verifyIdentity without rejectUnauthorized in ssl={…}");
  }
  return checked({ ...rest, ca, cert, key });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readPem(parameters: Parameters, key: string, name: string): string | undefined {
  const path = parameters.get(key);
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code = "no file" } = error as NodeJS.ErrnoException;
    throw new RangeError(`must name a PEM file in ${name} that can be read (${code})`);
  }
}

interface ReadTls {
  readonly rejectUnauthorized: boolean;
  readonly verifyIdentity: boolean;
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** Without the parts that are missing, once those that are there can be used. */
function checked({ ca, cert, key, ...rest }: ReadTls): DatabaseTls {
  if ((cert === undefined) !== (key === undefined)) {
    throw new RangeError("must have both of ssl-cert and ssl-key, or neither");
  }
  if (ca !== undefined && !isUsable(() => new X509Certificate(ca))) {
    throw new RangeError("must name certificates in PEM in ssl-ca");
  }
  if (cert !== undefined && key !== undefined) {
    if (!isUsable(() => createSecureContext({ cert, key }))) {
      throw new RangeError("must name a certificate in ssl-cert and its key in ssl-key, in PEM");
    }
    return { ...rest, ...(ca !== undefined && { ca }), cert, key };
  }
  return { ...rest, ...(ca !== undefined && { ca }) };
}

function isUsable(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}
