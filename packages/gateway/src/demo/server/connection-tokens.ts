import { randomBytes } from "node:crypto";

/** ASP.NET Core's DisconnectTimeout (protocol.md 0.3). */
const unattachedLifetimeMs = 15_000;

/** A connection that was negotiated, or is open. */
export interface ConnectionTicket {
  readonly connectionId: string;
  /** What the client puts into `?id=`. Negotiate version 0 uses the connection id. */
  readonly connectionToken: string;
  readonly hubPath: string;
}

interface IssuedTicket {
  readonly ticket: ConnectionTicket;
  readonly expiresAt: number;
  attached: boolean;
}

/** Connection tokens from negotiate to the end of the connection (protocol.md 1.2). */
export class ConnectionTokens {
  readonly #issued = new Map<string, IssuedTicket>();

  issue(hubPath: string, negotiateVersion: number, now: number): ConnectionTicket {
    const connectionId = randomId();
    const connectionToken = negotiateVersion === 0 ? connectionId : randomId();
    const ticket = { connectionId, connectionToken, hubPath };
    this.#issued.set(connectionToken, { ticket, expiresAt: now + unattachedLifetimeMs, attached: false });
    return ticket;
  }

  find(connectionToken: string, hubPath: string): "unknown" | "waiting" | "attached" {
    const issued = this.#issued.get(connectionToken);
    if (issued === undefined || issued.ticket.hubPath !== hubPath) return "unknown";
    return issued.attached ? "attached" : "waiting";
  }

  /** Binds the transport. Only for a token that `find` calls waiting. */
  attach(connectionToken: string): ConnectionTicket {
    const issued = this.#issued.get(connectionToken);
    if (issued === undefined || issued.attached) throw new Error("only a waiting token can be attached");
    issued.attached = true;
    return issued.ticket;
  }

  release(connectionToken: string): void {
    this.#issued.delete(connectionToken);
  }

  /** Forgets what was negotiated and never attached. */
  expire(now: number): void {
    for (const [token, issued] of this.#issued) {
      if (!issued.attached && issued.expiresAt <= now) this.#issued.delete(token);
    }
  }
}

/** 16 random bytes in the alphabet that clients put into URLs unescaped. */
function randomId(): string {
  return randomBytes(16).toString("base64url");
}
