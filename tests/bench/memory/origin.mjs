import { HubServer } from "../../../packages/gateway/dist/demo/server/hub-server.js";

const hub = {
  methods: {
    SubscribeToEvent: (context, eventId) => context.addToGroup(`event:${eventId}`),
    UnsubscribeFromEvent: (context, eventId) => context.removeFromGroup(`event:${eventId}`),
  },
};
const server = new HubServer({ hubs: { "/hubs/odds": hub } });
process.on("disconnect", () => process.exit());
process.send(await server.listen(0));
