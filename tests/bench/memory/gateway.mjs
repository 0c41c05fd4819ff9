import { createGateway, loadConfig } from "../../../packages/gateway/dist/index.js";
import { reportMemory } from "./report-memory.mjs";

const [originUrl, mode] = process.argv.slice(2);
const yaml = `
listen: { port: 0 }
admin: { port: 0 }
hubs:
  - path: /hubs/odds
    origin: ${originUrl}/hubs/odds
    authentication: none
    compression: { enabled: ${mode === "compress"} }
    groups:
      - name: event
        access: public
        join: { method: SubscribeToEvent, key: "{0}" }
        leave: { method: UnsubscribeFromEvent, key: "{0}" }
        messages:
          - { target: OddsChanged, key: "{0.eventId}" }
`;
const loaded = loadConfig(yaml, { environment: {}, fileName: "memory" });
if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
const { url } = await createGateway(loaded.config).start();
reportMemory(url);
