/** An authority of a test's own, and certificates that it signs, as PEM files. Made by openssl. */
import { execFileSync } from "node:child_process";

/** @param directory - where the files are made: `ca.pem`, and `<name>.pem` and `<name>.key` for each certificate. */
export function makeCertificates(directory: string, names: Readonly<Record<string, string>>): void {
  const openssl = (...args: string[]) =>
    execFileSync("openssl", args, { cwd: directory, stdio: "pipe" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const authority = ["-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority of a test"];
  openssl("req", "-x509", ...key, "-days", "2", ...authority);
  for (const [name, alternative] of Object.entries(names)) {
    const files = ["-keyout", `${name}.key`, "-out", `${name}.csr`];
    const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=${alternative}`];
    openssl("req", ...key, ...files, ...subject);
    const signer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2"];
    const made = ["-in", `${name}.csr`, "-out", `${name}.pem`, "-copy_extensions", "copy"];
    openssl("x509", "-req", ...signer, ...made);
  }
}
