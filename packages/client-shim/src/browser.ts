// The file for plain pages, `dist/signalr-edge.js`. It is loaded after the official `signalr.js`, whose global it replaces.
import { configureEdge, HubConnectionBuilder, rolloutPosition } from "./index.ts";
import { scriptOptions } from "./script-options.ts";

declare global {
  var signalR: object;
}

const options = scriptOptions(document.currentScript?.dataset ?? {});
// First: if the attributes are wrong, the page keeps the official client as it is.
if (options !== undefined) configureEdge(options);

// A new object, because the official one cannot be changed. What else is on it, such as `protocols`, stays.
globalThis.signalR = { ...globalThis.signalR, configureEdge, HubConnectionBuilder, rolloutPosition };
