import { createServer } from "node:net";

/** The port if nobody has it on this host, else 0, which stands for any. Somebody may take it between here and its use. */
export function portOrAny(port: number, host: string): Promise<number> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.on("error", () => resolve(0));
    probe.listen(port, host, () => probe.close(() => resolve(port)));
  });
}
