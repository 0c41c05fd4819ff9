import { afterAll, beforeAll, expect, test } from "vitest";
import { checkFiles } from "./check-files.ts";
import { formatConfigError } from "./config-error.ts";
import { load, minimal } from "./sample-config.testing.ts";
import { createSelfSigned, TestFiles } from "./self-signed.testing.ts";

const files = new TestFiles();
const good = '{"keys":[{"kty":"EC","crv":"P-256","x":"","y":""}]}';
let certFile: string;
let keyFile: string;
let otherKeyFile: string;

beforeAll(() => {
  const { cert, key } = createSelfSigned();
  certFile = files.write("cert.pem", cert);
  keyFile = files.write("key.pem", key);
  otherKeyFile = files.write("other.pem", createSelfSigned().key);
});
afterAll(() => files.remove());

function errorsOf(text: string): readonly string[] {
  const result = load(text);
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  return checkFiles(result.config).map(formatConfigError);
}

function tls(cert: string, key: string): string {
  return `${minimal}\nlisten: { tls: { certFile: ${cert}, keyFile: ${key} } }`;
}

function hubWith(settings: string): string {
  return `hubs: [{ path: /hub, origin: http://127.0.0.1:5000/hub, ${settings} }]`;
}

function jwks(file: string): string {
  return hubWith(`authentication: { jwt: { issuer: x, audience: y, jwksFile: ${file} } }`);
}

test("a config without files has none that are wrong", () => {
  expect(errorsOf(minimal)).toEqual([]);
});

test("good files are good", () => {
  expect(errorsOf(tls(certFile, keyFile))).toEqual([]);
  expect(errorsOf(hubWith(`originCaFile: ${certFile}`))).toEqual([]);
  expect(errorsOf(jwks(files.write("keys.json", good)))).toEqual([]);
});

test("a chain of certificates is checked to its end", () => {
  const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const file = files.write("chain.pem", createSelfSigned().cert + broken);
  expect(errorsOf(hubWith(`originCaFile: ${file}`))).toEqual([
    expect.stringContaining(`hubs[0].originCaFile: ${file} has a certificate that cannot be read: `),
  ]);
});

test("each wrong file is named where the config names it", () => {
  expect(errorsOf(tls("/nowhere", keyFile))).toEqual(["listen.tls: /nowhere cannot be read: ENOENT"]);
  expect(errorsOf(tls(certFile, "/"))).toEqual(["listen.tls: / cannot be read: EISDIR"]);
  expect(errorsOf(tls(certFile, certFile))).toEqual([`listen.tls: ${certFile} has no private key in PEM`]);
  expect(errorsOf(tls(keyFile, keyFile))).toEqual([`listen.tls: ${keyFile} has no certificate in PEM`]);
  expect(errorsOf(tls(certFile, otherKeyFile))).toEqual([
    expect.stringContaining(
      `listen.tls: the key in ${otherKeyFile} cannot be used with the certificate in ${certFile}`,
    ),
  ]);
});

test.each([
  ["", "is not JSON"],
  ["[]", "is not a JWKS"],
  ["{}", "is not a JWKS"],
  ['{"keys":[]}', "is not a JWKS"],
  ['{"keys":[1]}', "is not a JWKS"],
  ['{"keys":[{}]}', "is not a JWKS"],
  ['{"keys":[{"kty":"EC","d":"private-part"}]}', "has a private or symmetric key"],
  ['{"keys":[{"kty":"oct","k":"secret-part"}]}', "has a private or symmetric key"],
])("%s is no set of public keys", (content, reason) => {
  const [error = "", ...others] = errorsOf(jwks(files.write("bad.json", content)));
  expect(error).toContain(reason);
  expect(error).toMatch(/^hubs\[0\]\.authentication\.jwt\.jwksFile: /);
  expect(error).not.toMatch(/private-part|secret-part/);
  expect(others).toEqual([]);
});
