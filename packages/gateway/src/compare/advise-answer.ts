import { hubProtocols } from "@signalr-edge/protocol";
import type { GroupRule, HubMethodRule } from "../config/hub-rules.ts";
import type { Advice, Case } from "./advice.ts";
import type { AnswerDifference } from "./difference.ts";
import { partsOf } from "./frame-form.ts";
import { showShape } from "./show-shape.ts";
import { showPath } from "./value-path.ts";

/** What in the configuration, or in the scenario, explains an answer that is not the same. */
export function adviseAnswer(facts: Case, difference: AnswerDifference): Advice {
  const rule = ruleOf(facts, difference.method);
  const error = difference.gatewayFrame?.envelope.error;
  if (difference.kind === "error" && error !== undefined) return adviseError(facts, difference, rule, error);
  if (rule !== undefined) return adviseShared(difference, rule);
  return advisePrivate(facts, difference);
}

interface MethodRule {
  /** `hubs[0].calls[2]` */
  readonly path: string;
  readonly kind: "join" | "leave" | "call" | "stream";
  readonly rule: HubMethodRule;
  readonly group: GroupRule | undefined;
}

function ruleOf({ rules, hub, hubPath }: Case, method: string): MethodRule | undefined {
  const name = method.toLowerCase();
  const at = (list: readonly { readonly method: string }[]): number =>
    list.findIndex((one) => one.method.toLowerCase() === name);
  const joined = rules.joins.get(name);
  if (joined !== undefined) {
    return {
      path: `${hubPath}.groups[${rules.groups.indexOf(joined)}]`,
      kind: "join",
      rule: joined.join,
      group: joined,
    };
  }
  const left = rules.leaves.get(name);
  if (left?.leave !== undefined) {
    return { path: `${hubPath}.groups[${rules.groups.indexOf(left)}]`, kind: "leave", rule: left.leave, group: left };
  }
  const call = rules.calls.get(name);
  if (call !== undefined)
    return { path: `${hubPath}.calls[${at(hub.calls)}]`, kind: "call", rule: call, group: undefined };
  const stream = rules.streams.get(name);
  return stream && { path: `${hubPath}.streams[${at(hub.streams)}]`, kind: "stream", rule: stream, group: undefined };
}

function adviseError(facts: Case, difference: AnswerDifference, rule: MethodRule | undefined, error: string): Advice {
  const { method, direct, protocol } = difference;
  if (rule !== undefined && error === `Failed to invoke '${method}' due to an error on the server.`) {
    const values = direct === undefined ? [] : partsOf(hubProtocols[protocol], direct.sent).map(([, value]) => value);
    const place = rule.group === undefined ? rule.path : `${rule.path}.${rule.kind}`;
    return {
      path: `${place}.key`,
      message: `"${rule.rule.keys[protocol].source}" finds no key in ${method}(${showShape(values)}); name an argument that is text, a whole number or true or false, such as "{0}", or one inside with "{0.name}"`,
    };
  }
  if (rule !== undefined && /unauthorized/.test(error)) {
    return {
      path: `${rule.path}.access`,
      message: `the gateway refuses ${method} to a client that the origin lets in; write access: public, or access: probe for groups in which the origin is to decide`,
    };
  }
  if (rule !== undefined) return adviseShared(difference, rule);
  if (facts.hub.privateUpstream === "never") {
    return {
      path: `${facts.hubPath}.privateUpstream`,
      message: `never answers ${method} with an error, because no rule names it; write lazy, and it goes over the client's own connection`,
    };
  }
  return advisePrivate(facts, difference);
}

function adviseShared(difference: AnswerDifference, { path, kind, rule, group }: MethodRule): Advice {
  const { method } = rule;
  if (group?.cacheMs !== undefined && kind === "join") {
    return {
      path: `${path}.joinResult`,
      message: `cached answers ${method} with a result of up to ${group.cacheMs} ms ago, which is not what a direct client gets; write fresh, unless the result carries no state${orIgnore(difference)}`,
    };
  }
  const shared = kind === "call" || kind === "stream" ? `the ${kind} rule` : "the group rule";
  return {
    path,
    message: `${method} does not answer all clients alike, but ${shared} gives all the answer that the hub made for the gateway's shared connection; take the rule out, and each client asks as itself${orIgnore(difference)}`,
  };
}

function advisePrivate(facts: Case, difference: AnswerDifference): Advice {
  const { method, directFrame, gatewayFrame } = difference;
  const header = headerIn(facts, difference);
  if (header !== undefined) {
    return {
      path: `${facts.hubPath}.forwardHeaders`,
      message: `${method} depends on the header ${header}, which the gateway does not pass on; add ${header}`,
    };
  }
  if (facts.hub.privateUpstream === "lazy" && looksLikeConnectionId(difference)) {
    return {
      path: `${facts.hubPath}.privateUpstream`,
      message: `${method} tells clients their connection id, and with lazy the id at the origin is not the one that the client knows; write eager if clients use it${orIgnore(difference)}`,
    };
  }
  const what =
    directFrame !== undefined && gatewayFrame !== undefined ? "answers differently" : "is not answered alike";
  return {
    path: facts.hubPath,
    message: `${method} ${what}, and no rule names it: it goes over the client's own connection, which may lack a header, a cookie or a token that the hub looks at (forwardHeaders, authentication)${orIgnore(difference)}`,
  };
}

/** What to add to the scenario if the hub makes the value anew each time. */
function orIgnore({ method, paths }: AnswerDifference): string {
  const [path] = paths;
  if (path === undefined) return "";
  return `. If the value is another one at each call, add to ignore in the scenario: - { method: ${method}, path: "${showPath(path)}" }`;
}

/** A header of the scenario whose value the direct client got back, and the gateway's did not. */
function headerIn({ scenario, hub }: Case, { directFrame, gatewayFrame }: AnswerDifference): string | undefined {
  const [own, other] = [directFrame, gatewayFrame].map((entry) => entry?.frame.toString("latin1") ?? "");
  return Object.entries(scenario.headers).find(([name, value]) => {
    const isForwarded = hub.forwardHeaders.includes(name.toLowerCase());
    return !isForwarded && own?.includes(value) === true && other?.includes(value) === false;
  })?.[0];
}

/** Each side has a text of the length of a connection id where the other has another one. */
function looksLikeConnectionId({ directFrame, gatewayFrame, paths }: AnswerDifference): boolean {
  const pattern = /[\w-]{22}/;
  return (
    paths.length > 0 &&
    [directFrame, gatewayFrame].every((entry) => pattern.test(entry?.frame.toString("latin1") ?? ""))
  );
}
