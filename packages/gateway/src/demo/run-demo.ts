import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { Gateway, GatewayAddress } from "../gateway.ts";
import { demoResult, succeeded } from "./demo-result.ts";
import { type DemoOutput, DemoScreen } from "./demo-screen.ts";
import { summary } from "./demo-texts.ts";
import type { DemoReport } from "./demo-world.ts";
import { DemoWorldThread } from "./demo-world-thread.ts";
import { oddsHubPath } from "./odds-hub.ts";
import { startDemoGateway } from "./start-demo-gateway.ts";

export interface DemoOptions {
  readonly clients: number;
  /** `undefined`: until interrupted. */
  readonly seconds: number | undefined;
  /** The last line on `stdout` is the result as one JSON object; everything else goes to `stderr`. */
  readonly json: boolean;
  readonly stdout: DemoOutput;
  readonly stderr: DemoOutput;
}

interface Stage {
  readonly options: DemoOptions;
  readonly screen: DemoScreen;
  readonly world: DemoWorldThread;
  readonly gateway: Gateway;
  readonly address: GatewayAddress;
  readonly originUrl: string;
  readonly interrupted: AbortSignal;
}

/**
 * An origin with live odds, a gateway in front of it, and clients over real sockets that check every message they get.
 * Resolves with the exit code: 0 if something was delivered and nothing was lost, duplicated, reordered or misrouted.
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const world = new DemoWorldThread();
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort();
  // A second signal ends the process as usual.
  for (const signal of stopSignals) process.once(signal, onSignal);
  try {
    return await runWithGateway(options, world, interrupt.signal);
  } catch (error) {
    options.stderr.write(`signalr-edge demo: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  } finally {
    for (const signal of stopSignals) process.off(signal, onSignal);
    await world.terminate();
  }
}

const stopSignals = ["SIGINT", "SIGTERM"] as const;

async function runWithGateway(options: DemoOptions, world: DemoWorldThread, interrupted: AbortSignal): Promise<number> {
  const screen = new DemoScreen(options.json ? options.stderr : options.stdout);
  const originUrl = await world.startOrigin();
  const { gateway, address } = await startDemoGateway(originUrl);
  let exitCode: number;
  try {
    exitCode = await play({ options, screen, world, gateway, address, originUrl, interrupted });
    await world.disconnect();
  } catch (error) {
    // With its clients gone, the gateway has nothing to drain.
    await world.terminate();
    throw error;
  } finally {
    await gateway.stop();
  }
  await world.stopOrigin();
  return exitCode;
}

async function play(stage: Stage): Promise<number> {
  const { options, screen, world, gateway, address, originUrl, interrupted } = stage;
  screen.print(`origin    ${originUrl}${oddsHubPath}`);
  screen.print(`gateway   ${address.url}${oddsHubPath}`);
  screen.print(`dashboard ${address.adminUrl}/`);
  screen.print(`connecting ${options.clients} clients ...`);
  await world.start(address.url, options.clients);
  const startedAt = performance.now();
  const elapsedSeconds = (): number => Math.round((performance.now() - startedAt) / 100) / 10;
  await showUntilEnd(stage, elapsedSeconds);
  // An undisturbed run has the length that was asked for, not that of its timer.
  const seconds = interrupted.aborted ? elapsedSeconds() : (options.seconds ?? elapsedSeconds());
  const report = await world.finish();
  const result = demoResult(report, gateway.state(), seconds);
  screen.print(summary(result, report.firstFailure));
  if (options.json) options.stdout.write(`${JSON.stringify(result)}\n`);
  return succeeded(result) ? 0 : 1;
}

async function showUntilEnd(stage: Stage, elapsedSeconds: () => number): Promise<void> {
  const { options, screen, world, gateway, interrupted } = stage;
  const endsAfter = options.seconds ?? Number.POSITIVE_INFINITY;
  const aborted = once(interrupted, "abort");
  let previous: { readonly report: DemoReport; readonly seconds: number } | undefined;
  while (elapsedSeconds() < endsAfter && !interrupted.aborted) {
    const leftMs = (endsAfter - elapsedSeconds()) * 1000;
    await Promise.race([delay(Math.min(leftMs, screen.intervalMs)), aborted]);
    const report = await world.report();
    const seconds = elapsedSeconds();
    const result = demoResult(report, gateway.state(), seconds);
    screen.show({
      result,
      watching: report.watching,
      subscriptions: report.subscriptions,
      ...rates(report, seconds, previous),
      gatewayUrl: `${stage.address.url}${oddsHubPath}`,
      adminUrl: `${stage.address.adminUrl}/`,
      secondsPlanned: options.seconds,
    });
    previous = { report, seconds };
  }
}

function rates(
  report: DemoReport,
  seconds: number,
  previous: { readonly report: DemoReport; readonly seconds: number } | undefined,
): { readonly originMessagesPerSecond: number; readonly deliveriesPerSecond: number } {
  const span = Math.max(0.1, seconds - (previous?.seconds ?? 0));
  return {
    originMessagesPerSecond: (report.originMessages - (previous?.report.originMessages ?? 0)) / span,
    deliveriesPerSecond: (report.deliveries - (previous?.report.deliveries ?? 0)) / span,
  };
}
