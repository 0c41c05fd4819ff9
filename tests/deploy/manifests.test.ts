import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadConfig } from "@signalr-edge/gateway";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { limitDefinitions } from "../../packages/gateway/src/config/limits.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = `${root}deploy/kubernetes/`;
const read = (path: string): string => readFileSync(`${root}${path}`, "utf8");

/** Every object of the manifests, by kind. */
const objects = new Map(
  readdirSync(folder)
    .filter((name) => name !== "gateway.yaml")
    .flatMap((name) => parseAllDocuments(read(`deploy/kubernetes/${name}`)))
    .map((document) => {
      expect(document.errors).toEqual([]);
      const value = document.toJS();
      return [value.kind, value];
    }),
);
const deployment = objects.get("Deployment");
const pod = deployment.spec.template.spec;
const [container] = pod.containers;

function gatewayConfig() {
  const loaded = loadConfig(read("deploy/kubernetes/gateway.yaml"), {
    environment: { ADMIN_TOKEN: "a-token-of-some-length" },
    fileName: "gateway.yaml",
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
  return loaded.config;
}

describe("the Kubernetes manifests", () => {
  test("the config file is valid, and the variables that it needs come from the secret", () => {
    const config = gatewayConfig();
    expect(config.listen.host).toBe("0.0.0.0");
    const variables = [...read("deploy/kubernetes/gateway.yaml").matchAll(/\$\{(\w+)/g)].map(([, name]) => name);
    expect(container.env.map(({ name }: { name: string }) => name)).toEqual(variables);
  });

  test("ports and probes are those of the config file", () => {
    const { listen, admin } = gatewayConfig();
    expect(container.ports).toEqual([
      { name: "clients", containerPort: listen.port },
      { name: "admin", containerPort: admin.port },
    ]);
    expect(container.readinessProbe.httpGet).toEqual({ path: "/readyz", port: "admin" });
    expect(container.livenessProbe.httpGet).toEqual({ path: "/healthz", port: "admin" });
    expect(objects.get("Service").spec.ports[0].targetPort).toBe("clients");
  });

  test("a pod has the time to drain", () => {
    const preStopSeconds = Number(container.lifecycle.preStop.exec.command[1]);
    const drainSeconds = limitDefinitions.drainTimeoutMs.default / 1000;
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(preStopSeconds + drainSeconds);
    expect(read("deploy/systemd/signalr-edge.service")).toMatch(/^TimeoutStopSec=40$/m);
    expect(40).toBeGreaterThan(drainSeconds);
  });

  test("everything selects the pods of the deployment, and every file is in the kustomization", () => {
    const labels = deployment.spec.template.metadata.labels;
    expect(deployment.spec.selector.matchLabels).toEqual(labels);
    expect(objects.get("Service").spec.selector).toEqual(labels);
    expect(objects.get("PodDisruptionBudget").spec.selector.matchLabels).toEqual(labels);
    expect(objects.get("HorizontalPodAutoscaler").spec.scaleTargetRef.name).toBe(deployment.metadata.name);
    const listed = [...objects.get("Kustomization").resources, "gateway.yaml", "kustomization.yaml"];
    expect(readdirSync(folder).sort()).toEqual(listed.sort());
  });

  test("the gauge that it scales by exists", async () => {
    const { hubFamilies } = await import("../../packages/gateway/src/observe/prometheus.ts");
    const { name } = objects.get("HorizontalPodAutoscaler").spec.metrics[0].pods.metric;
    expect(hubFamilies.map((family) => family.name)).toContain(name);
  });
});

describe("the Dockerfile", () => {
  const dockerfile = read("Dockerfile");

  test("everything that it copies is there", () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = ""]) =>
      sources.split(" "),
    );
    expect(copied.length).toBeGreaterThan(5);
    for (const source of copied) expect(existsSync(`${root}${source}`), source).toBe(true);
  });

  test("it uses the pnpm that the lockfile was made with, and does not run as root", () => {
    const { packageManager } = JSON.parse(read("package.json"));
    expect(dockerfile).toContain(`npm install --global ${packageManager}`);
    expect(dockerfile).toMatch(/^USER node$/m);
  });
});
