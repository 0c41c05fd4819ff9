import { expect, test } from "vitest";
import { chooseOffer } from "./compression-offer.ts";

const name = "permessage-deflate";

test.each([
  { offer: name, chosen: name },
  { offer: `${name}; client_max_window_bits`, chosen: `${name}; client_max_window_bits=10` },
  { offer: `${name};client_max_window_bits=15`, chosen: `${name}; client_max_window_bits=10` },
  { offer: `${name}; client_max_window_bits=9`, chosen: `${name}; client_max_window_bits=9` },
  { offer: `${name}; client_max_window_bits="8"`, chosen: `${name}; client_max_window_bits=8` },
  { offer: `${name}; server_max_window_bits=12`, chosen: name },
  { offer: `${name}; server_max_window_bits = "15"`, chosen: name },
  { offer: `${name}; server_no_context_takeover; client_no_context_takeover`, chosen: name },
])("$offer is accepted", ({ offer, chosen }) => {
  expect(chooseOffer(offer)).toBe(chosen);
});

test.each([
  undefined,
  "",
  "x-webkit-deflate-frame",
  "PerMessage-Deflate-ish",
  `${name}; server_max_window_bits`,
  `${name}; server_max_window_bits=11`,
  `${name}; server_max_window_bits=16`,
  `${name}; server_max_window_bits=012`,
  `${name}; client_max_window_bits=7`,
  `${name}; client_max_window_bits=`,
  `${name}; client_max_window_bits="10`,
  `${name}; server_no_context_takeover=1`,
  `${name}; client_max_window_bits; client_max_window_bits=9`,
  `${name}; future_parameter`,
  `${name};`,
])("%j is declined", (offer) => {
  expect(chooseOffer(offer)).toBeUndefined();
});

test("of several offers the first that can be accepted is", () => {
  const offers = [`${name}; server_max_window_bits=8`, "other; x=1", `${name}; client_max_window_bits`, name];
  expect(chooseOffer(offers.join(", "))).toBe(`${name}; client_max_window_bits=10`);
});
