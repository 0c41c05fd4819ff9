import { connect, type Socket } from "node:net";
import { clientFrame, FrameReader, upgradeRequest } from "../websocket-frames.ts";
import { HubClient } from "./hub-client.ts";
import { transportUrl } from "./negotiate.ts";

const endOfHead = Buffer.from("\r\n\r\n");

/** All sockets of a process read into this one: each read is used up before the next. */
const sharedBuffer = Buffer.allocUnsafe(256 * 1024);

/** A WebSocket by hand over a bare socket, so that hardly more than the `read` itself is paid for a message. */
export class WebSocketClient extends HubClient {
  #socket: Socket | undefined;
  #isReading = true;
  readonly #frames = new FrameReader(
    (payload) => this.receive(payload),
    () => this.ended("the server closed the WebSocket"),
  );

  protected async open(): Promise<void> {
    this.#socket = await openSocket(await transportUrl(this.plan), this.plan.localAddress, {
      bytes: (chunk) => this.#frames.push(chunk),
      isReading: () => this.#isReading,
      ended: (reason) => this.ended(reason),
    });
  }

  protected send(frame: Uint8Array): void {
    this.#socket?.write(clientFrame(frame, this.protocol.transferFormat === "Binary"));
  }

  protected stopReading(): void {
    this.#isReading = false;
  }

  stop(): void {
    this.#socket?.destroy();
  }
}

interface SocketEvents {
  readonly bytes: (chunk: Buffer) => void;
  readonly isReading: () => boolean;
  readonly ended: (reason: string) => void;
}

/** Resolves when the server has switched protocols. */
export function openSocket(url: URL, localAddress: string, events: SocketEvents): Promise<Socket> {
  return new Promise((resolve, reject) => {
    let head: Buffer | undefined = Buffer.alloc(0);
    const readHead = (chunk: Buffer, before: Buffer): void => {
      head = Buffer.concat([before, chunk]);
      const end = head.indexOf(endOfHead);
      if (end === -1) return;
      const [text, rest] = [head.toString("latin1", 0, end), head.subarray(end + endOfHead.length)];
      head = undefined;
      if (!text.startsWith("HTTP/1.1 101"))
        return void socket.destroy(new Error(`upgrade answered ${text.slice(0, 200)}`));
      resolve(socket);
      if (rest.length > 0) events.bytes(rest);
    };
    const received = (length: number): boolean => {
      const chunk = sharedBuffer.subarray(0, length);
      if (head === undefined) events.bytes(chunk);
      else readHead(chunk, head);
      return events.isReading();
    };
    const socket = connect({
      host: url.hostname,
      port: Number(url.port),
      localAddress,
      noDelay: true,
      onread: { buffer: sharedBuffer, callback: received },
    });
    socket.write(upgradeRequest(url));
    socket.on("error", reject);
    socket.on("close", () => {
      reject(new Error("the socket was closed before it was a WebSocket"));
      events.ended("the socket was closed");
    });
  });
}
