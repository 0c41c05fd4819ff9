import { expect, test } from "vitest";
import { areEqualTemplates, haveSameShape, parseKeyTemplate, whyNotLeaveKey } from "./key-template.ts";

function parse(source: string) {
  const result = parseKeyTemplate(source);
  if (!result.ok) throw new Error(result.message);
  return result.template;
}

const reference = (argument: number, path: readonly (string | number)[] = [], expand = false) => ({
  argument,
  path,
  expand,
});

test.each([
  ["{0}", [reference(0)]],
  ["{12}", [reference(12)]],
  ["{0.eventId}", [reference(0, ["eventId"])]],
  ["{0.path.to}", [reference(0, ["path", "to"])]],
  ["{1[2]}", [reference(1, [2])]],
  ["{0.rows[10].id}", [reference(0, ["rows", 10, "id"])]],
  ["{0.0}", [reference(0, ["0"])]],
  ["{0.event-id}", [reference(0, ["event-id"])]],
  ["{0.größe}", [reference(0, ["größe"])]],
  ["{0[]}", [reference(0, [], true)]],
  ["{0.ids[]}", [reference(0, ["ids"], true)]],
  ["all", ["all"]],
  ["event-{0}/{1.a}!", ["event-", reference(0), "/", reference(1, ["a"]), "!"]],
  ["{0}{1}", [reference(0), reference(1)]],
  ["a{{b}}c", ["a{b}c"]],
  ["{{{0}}}", ["{", reference(0), "}"]],
])("%s is read", (source, parts) => {
  expect(parseKeyTemplate(source)).toEqual({ ok: true, template: { source, parts } });
});

test.each([
  ["", 'must not be empty; write text and references such as "{0}"'],
  ["{0", '"{0", character 1: "{" is never closed; a literal brace is written "{{"'],
  ["a{", '"a{", character 2: "{" is never closed; a literal brace is written "{{"'],
  ["a}b", '"a}b", character 2: "}" closes nothing; a literal brace is written "}}"'],
  ["{0}}", '"{0}}", character 4: "}" closes nothing; a literal brace is written "}}"'],
  ["{}", '"{}", character 2: a reference starts with the number of an argument, as in {0} or {0.eventId}'],
  [
    "{eventId}",
    '"{eventId}", character 2: a reference starts with the number of an argument, as in {0} or {0.eventId}',
  ],
  ["{01}", '"{01}", character 2: a reference starts with the number of an argument, as in {0} or {0.eventId}'],
  ["{-1}", '"{-1}", character 2: a reference starts with the number of an argument, as in {0} or {0.eventId}'],
  ["{1000}", '"{1000}", character 2: a reference starts with the number of an argument, as in {0} or {0.eventId}'],
  ["{ 0 }", '"{ 0 }", character 2: a reference starts with the number of an argument, as in {0} or {0.eventId}'],
  ["{0.}", '"{0.}", character 3: expected ".name", "[2]" or "[]"'],
  ["x{0.a..b}", '"x{0.a..b}", character 6: expected ".name", "[2]" or "[]"'],
  ["{0[x]}", '"{0[x]}", character 3: expected ".name", "[2]" or "[]"'],
  ["{0[-1]}", '"{0[-1]}", character 3: expected ".name", "[2]" or "[]"'],
  ["{0.a b}", '"{0.a b}", character 5: expected ".name", "[2]" or "[]"'],
  [
    "{0[].id}",
    '"{0[].id}", character 5: nothing may follow []: steps into the elements are not supported by this version',
  ],
  ["{0[]}/{1[]}", '"{0[]}/{1[]}", character 7: only one reference of a key may end in []'],
])("%s is refused with the character where it goes wrong", (source, message) => {
  expect(parseKeyTemplate(source)).toEqual({ ok: false, message });
});

test("templates have the same shape when the same text surrounds references in the same places", () => {
  expect(haveSameShape(parse("{0}"), parse("{0.eventId}"))).toBe(true);
  expect(haveSameShape(parse("e-{0}/{1}"), parse("e-{1.a}/{0}"))).toBe(true);
  expect(haveSameShape(parse("e{{-{0}"), parse("e{{-{2}"))).toBe(true);
  expect(haveSameShape(parse("{0}"), parse("{0[]}"))).toBe(true);
  expect(haveSameShape(parse("{0}"), parse("event-{0}"))).toBe(false);
  expect(haveSameShape(parse("{0}/{1}"), parse("{0}"))).toBe(false);
  expect(haveSameShape(parse("{0}{1}"), parse("{0}/{1}"))).toBe(false);
});

test("templates are equal only if they read the same values between the same texts", () => {
  expect(areEqualTemplates(parse("a{0.b}"), parse("a{0.b}"))).toBe(true);
  expect(areEqualTemplates(parse("{0.b}"), parse("{0.c}"))).toBe(false);
  expect(areEqualTemplates(parse("{0.0}"), parse("{0[0]}"))).toBe(false);
});

test.each([
  ["{0}", "{0}"],
  ["{0.id}", "{0}"],
  ["{0[]}", "{0}"],
  ["{0}", "{0[]}"],
  ["{0[]}", "{0[]}"],
  ["{0.market}/{0.ids[]}", "{0}/{1[]}"],
  ["{0}/{1}", "{1}/{0}"],
  ["all", "all"],
])("a join with %s can be left with %s", (join, leave) => {
  expect(whyNotLeaveKey(parse(join), parse(leave))).toBeUndefined();
});

const wholeArguments =
  "must name whole arguments, {0}, {1} and so on without a gap (or {0[]}), each once: when the last member disconnects the gateway itself invokes the leave method, with nothing but the values of the join key";
const sameShape =
  "must have the same number of references and the same text around them as the join key JOIN, or no leave would match a join";

test.each([
  ["{0}", "{0.id}", wholeArguments],
  ["{0}", "{1}", wholeArguments],
  ["{0}/{1}", "{0}/{0}", wholeArguments],
  ["{0}/{1}", "{0}/{2}", wholeArguments],
  ["{0}", "event-{0}", sameShape],
  ["{0}/{1}", "{0}", sameShape],
  ["all", "none", sameShape],
])("a join with %s cannot be left with %s", (join, leave, reason) => {
  const text = `${JSON.stringify(leave)} ${reason.replace("JOIN", JSON.stringify(join))}`;
  expect(whyNotLeaveKey(parse(join), parse(leave))).toBe(text);
});
