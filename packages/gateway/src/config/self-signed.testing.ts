import { generateKeyPairSync, type KeyObject, sign, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate for 127.0.0.1 and localhost that signs itself, and its key; PEM. */
export interface SelfSigned {
  readonly cert: string;
  readonly key: string;
}

export function createSelfSigned(): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const content = toBeSigned(publicKey);
  const certificate = sequence(content, ecdsaWithSha256, bitString(sign("sha256", content, privateKey)));
  const cert = new X509Certificate(certificate).toString();
  return { cert, key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}

/** Files for one test, in a folder of their own. */
export class TestFiles {
  readonly #folder = mkdtempSync(join(tmpdir(), "signalr-edge-"));

  write(name: string, content: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, content);
    return path;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

// X.509 in DER (RFC 5280), as much as is needed.

const tags = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  utf8String: 0x0c,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
};
const ecdsaWithSha256 = sequence(Buffer.from("06082a8648ce3d040302", "hex"));
const commonName = Buffer.from("0603550403", "hex");
const subjectAltName = Buffer.from("0603551d11", "hex");
const basicConstraints = Buffer.from("0603551d13", "hex");

function toBeSigned(publicKey: KeyObject): Buffer {
  const name = sequence(element(tags.set, sequence(commonName, element(tags.utf8String, Buffer.from("localhost")))));
  const dayMs = 86_400_000;
  const validity = sequence(utcTime(Date.now() - dayMs), utcTime(Date.now() + dayMs));
  const names = sequence(element(0x82, Buffer.from("localhost")), element(0x87, Buffer.from([127, 0, 0, 1])));
  const extensions = sequence(
    sequence(subjectAltName, element(tags.octetString, names)),
    sequence(basicConstraints, element(tags.octetString, sequence(Buffer.from("0101ff", "hex")))),
  );
  return sequence(
    element(0xa0, element(tags.integer, Buffer.from([2]))),
    element(tags.integer, Buffer.from([1])),
    ecdsaWithSha256,
    name,
    validity,
    name,
    publicKey.export({ type: "spki", format: "der" }),
    element(0xa3, extensions),
  );
}

function utcTime(ms: number): Buffer {
  const [date = "", time = ""] = new Date(ms).toISOString().split(/[T.]/);
  return element(tags.utcTime, Buffer.from(`${date.slice(2).replaceAll("-", "")}${time.replaceAll(":", "")}Z`));
}

function bitString(content: Buffer): Buffer {
  return element(tags.bitString, Buffer.concat([Buffer.from([0]), content]));
}

function sequence(...contents: readonly Buffer[]): Buffer {
  return element(tags.sequence, ...contents);
}

function element(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}
