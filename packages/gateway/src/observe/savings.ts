/** RFC 6455 section 5.2: header of an unmasked WebSocket frame, as servers send it, in bytes. */
export function webSocketHeaderBytes(payloadBytes: number): 2 | 4 | 10 {
  if (payloadBytes < 126) return 2;
  return payloadBytes < 65_536 ? 4 : 10;
}

/**
 * Messages from the origin, counted twice: `direct`, as the origin would have written them to clients connected to it;
 * `upstream`, as it wrote them to the gateway. Bytes are those of WebSocket frames, one message in each
 * (docs/SAVINGS.md). Plain fields, added to once per message, not per client.
 */
export class Savings {
  directMessages = 0;
  directBytes = 0;
  upstreamMessages = 0;
  upstreamBytes = 0;

  /** `copies` of a hub message of `payloadBytes` went to clients. */
  countDirect(copies: number, payloadBytes: number): void {
    this.directMessages += copies;
    this.directBytes += copies * (payloadBytes + webSocketHeaderBytes(payloadBytes));
  }

  /** One hub message of `payloadBytes` came from the origin. */
  countUpstream(payloadBytes: number): void {
    this.upstreamMessages += 1;
    this.upstreamBytes += payloadBytes + webSocketHeaderBytes(payloadBytes);
  }
}

export type RuleKind = "group" | "broadcast" | "call" | "stream";

/** The ledger of one rule: its messages, and the invocations that it saves the origin. */
export class RuleSavings extends Savings {
  readonly kind: RuleKind;
  /** Name of a group rule, target of a broadcast, method of a call or stream, as configured. */
  readonly name: string;
  /** Invocations of clients that the rule took (joins and leaves of a group), and those that the gateway made for them. */
  directInvocations = 0;
  upstreamInvocations = 0;

  constructor(kind: RuleKind, name: string) {
    super();
    this.kind = kind;
    this.name = name;
  }
}

/** The ledger of one hub: every message of the origin, whether a rule names it or not. */
export class HubSavings extends Savings {
  readonly #rules: Readonly<Record<RuleKind, Map<string, RuleSavings>>> = {
    group: new Map(),
    broadcast: new Map(),
    call: new Map(),
    stream: new Map(),
  };

  /** Made on first use. */
  rule(kind: RuleKind, name: string): RuleSavings {
    let rule = this.#rules[kind].get(name);
    if (rule === undefined) {
      rule = new RuleSavings(kind, name);
      this.#rules[kind].set(name, rule);
    }
    return rule;
  }

  /** A rule took an invocation of a client. */
  countAsked(kind: RuleKind, name: string): void {
    this.rule(kind, name).directInvocations += 1;
  }

  /** The gateway invoked a hub method for a rule. */
  countSent(kind: RuleKind, name: string): void {
    this.rule(kind, name).upstreamInvocations += 1;
  }

  /** Those of earlier configurations included. */
  get rules(): readonly RuleSavings[] {
    return Object.values(this.#rules).flatMap((rules) => [...rules.values()]);
  }

  get directInvocations(): number {
    return this.rules.reduce((sum, rule) => sum + rule.directInvocations, 0);
  }

  get upstreamInvocations(): number {
    return this.rules.reduce((sum, rule) => sum + rule.upstreamInvocations, 0);
  }
}
