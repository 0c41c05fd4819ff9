import * as official from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import * as shim from "@signalr-edge/client-shim";
import { expect, expectTypeOf, onTestFinished, test } from "vitest";
import { startNodeOrigin } from "../origin-node/start-node-origin.ts";
import { hubPaths } from "../support/origin.ts";

const own = ["configureEdge", "rolloutPosition"];

test("the shim exports what the official client exports, and its own few names", () => {
  expect(Object.keys(shim).sort()).toEqual([...Object.keys(official), ...own].sort());
});

test("everything but the builder is the official client's own", () => {
  for (const [name, value] of Object.entries(official)) {
    if (name === "HubConnectionBuilder") continue;
    expect(Reflect.get(shim, name), name).toBe(value);
  }
});

test("types are the official client's, so that code which takes one takes the other", () => {
  expectTypeOf<shim.HubConnectionBuilder>().toExtend<official.HubConnectionBuilder>();
  expectTypeOf<shim.HubConnection>().toEqualTypeOf<official.HubConnection>();
  expectTypeOf<shim.IHttpConnectionOptions>().toEqualTypeOf<official.IHttpConnectionOptions>();
});

test("the builder is an official builder, and builds official connections", () => {
  const builder = new shim.HubConnectionBuilder();
  expect(builder).toBeInstanceOf(official.HubConnectionBuilder);
  expect(builder.withUrl("http://127.0.0.1:1/hubs/odds").build()).toBeInstanceOf(official.HubConnection);
});

test("every method of the builder returns the builder", () => {
  const builder = new shim.HubConnectionBuilder();
  const { WebSockets } = shim.HttpTransportType;
  expect(builder.withUrl("http://127.0.0.1:1/hubs/odds")).toBe(builder);
  expect(builder.withUrl("http://127.0.0.1:1/hubs/odds", WebSockets)).toBe(builder);
  expect(builder.withUrl("http://127.0.0.1:1/hubs/odds", { transport: WebSockets })).toBe(builder);
  expect(builder.configureLogging("none")).toBe(builder);
  expect(builder.configureLogging(shim.LogLevel.None)).toBe(builder);
  expect(builder.configureLogging(shim.NullLogger.instance)).toBe(builder);
  expect(builder.withHubProtocol(new MessagePackHubProtocol())).toBe(builder);
  expect(builder.withAutomaticReconnect([0])).toBe(builder);
  expect(builder.withStatefulReconnect({ bufferSize: 1000 })).toBe(builder);
  expect(builder.withServerTimeout(1000)).toBe(builder);
  expect(builder.withKeepAliveInterval(1000)).toBe(builder);
});

test("what the official builder refuses is refused in the same words", () => {
  for (const attempt of [
    (builder: official.HubConnectionBuilder) => builder.build(),
    (builder: official.HubConnectionBuilder) => builder.withUrl(""),
    (builder: official.HubConnectionBuilder) => builder.withUrl("/hubs/odds").build(),
    (builder: official.HubConnectionBuilder) => builder.configureLogging("loud"),
    (builder: official.HubConnectionBuilder) => builder.withAutomaticReconnect().withAutomaticReconnect(),
  ]) {
    const said = errorOf(() => attempt(new official.HubConnectionBuilder()));
    expect(errorOf(() => attempt(new shim.HubConnectionBuilder()))).toBe(said);
  }
});

test("without configureEdge, connections go where the application says", async () => {
  const origin = await startNodeOrigin();
  onTestFinished(() => origin.stop());
  const url = origin.hubUrl(hubPaths.contract);
  const builder = new shim.HubConnectionBuilder().withUrl(url).configureLogging(shim.LogLevel.None);
  const connection = builder.build();
  onTestFinished(() => connection.stop());
  await connection.start();
  expect(connection.baseUrl).toBe(url);
  expect(await connection.invoke("WhoAmI")).toBe(connection.connectionId);
});

function errorOf(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    return String(error);
  }
  throw new Error("nothing was refused");
}
