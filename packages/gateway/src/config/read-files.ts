import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext, rootCertificates } from "node:tls";

/**
 * The files that a config names. Paths are relative to the working directory. Everything here throws an `Error` that says
 * in one line what is wrong with which file, without its content.
 */

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** PEM texts; the key belongs to the certificate. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
}

export interface KeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

export function readTlsFiles({ certFile, keyFile }: TlsFiles): TlsIdentity {
  const cert = readCertificateFile(certFile);
  const key = readText(keyFile);
  if (!key.includes("PRIVATE KEY-----")) throw new Error(`${keyFile} has no private key in PEM`);
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw new Error(`the key in ${keyFile} cannot be used with the certificate in ${certFile}: ${reasonOf(cause)}`, {
      cause,
    });
  }
  return { cert, key };
}

/** At least one certificate, each of them readable. */
export function readCertificateFile(file: string): string {
  const text = readText(file);
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  if (certificates.length === 0) throw new Error(`${file} has no certificate in PEM`);
  for (const certificate of certificates) {
    try {
      new X509Certificate(certificate);
    } catch (cause) {
      throw new Error(`${file} has a certificate that cannot be read: ${reasonOf(cause)}`, { cause });
    }
  }
  return text;
}

/** The authorities that an origin is trusted by: those that come with Node, and the ones in the file. */
export function readAuthorities(caFile: string | undefined): readonly string[] | undefined {
  return caFile === undefined ? undefined : [...rootCertificates, readCertificateFile(caFile)];
}

/** A JWKS with at least one key. Whether each key can be used shows when a token is verified with it. */
export function readKeySetFile(file: string): KeySet {
  return parseKeySet(readText(file), file);
}

export function parseKeySet(text: string, file: string): KeySet {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${file} is not JSON`, { cause });
  }
  if (!isKeySet(value)) throw new Error(`${file} is not a JWKS: it must be { "keys": [...] } with at least one key`);
  if (value.keys.some((key) => "d" in key || "k" in key)) {
    throw new Error(`${file} has a private or symmetric key; a JWKS for verification has public keys only`);
  }
  return value;
}

function isKeySet(value: unknown): value is KeySet {
  if (typeof value !== "object" || value === null || !("keys" in value) || !Array.isArray(value.keys)) return false;
  const keys: readonly unknown[] = value.keys;
  return keys.length > 0 && keys.every((key) => typeof key === "object" && key !== null && "kty" in key);
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new Error(`${file} cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

/** Node's codes say it in one word; the messages repeat the path. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return error instanceof Error ? error.message : String(error);
}
