import { byId, setAttributes, setText } from "./elements.js";
import { Feed } from "./feed.js";
import { timeOfDay } from "./format.js";
import { View } from "./view.js";

/** Kept for this tab alone, so that a reload does not ask again. */
const storageKey = "signalr-edge-token";
const searchDelayMs = 250;

const needsToken = document.querySelector('meta[name="signalr-edge-token"]')?.getAttribute("content") === "required";
const [form, field, search] = [byId("token-form"), input("token"), input("group-search")];
const view = new View();
let isDraining = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let searching;

const feed = new Feed({
  event(name, value) {
    if (name === "hello") begin(/** @type {import("./wire.js").Hello} */ (value));
    else if (name === "tick") tick(/** @type {import("./wire.js").Tick} */ (value));
  },
  lost(reason) {
    setConnection("lost", "Disconnected");
    const since = `No figures since ${timeOfDay(Date.now())}.`;
    showBanner(isDraining ? `The gateway has shut down. ${since}` : `${reason} ${since} Trying again.`, true);
  },
  tokenRefused() {
    sessionStorage.removeItem(storageKey);
    askForToken("This is not the token of this gateway.");
  },
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(storageKey, field.value);
  setText(byId("token-problem"), "");
  feed.start(field.value);
  field.value = "";
});
search.addEventListener("input", () => {
  clearTimeout(searching);
  searching = setTimeout(() => void findGroups(), searchDelayMs);
});

// Links cannot send it.
byId("raw").hidden = needsToken;
const token = sessionStorage.getItem(storageKey) ?? "";
if (needsToken && token === "") askForToken("");
else feed.start(token);

/** @param {import("./wire.js").Hello} hello */
function begin(hello) {
  form.hidden = true;
  byId("figures").hidden = false;
  view.begin(hello);
  setConnection("live", "Live");
  showBanner("", false);
}

/** @param {import("./wire.js").Tick} tick */
function tick(tick) {
  view.show(tick);
  if (search.value === "") view.showGroups(tick.largestGroups, "");
  else if (searching === undefined) void findGroups();
  if (tick.draining === isDraining) return;
  isDraining = tick.draining;
  showBanner(
    isDraining ? "Draining: the gateway takes no new clients and asks those it has to reconnect elsewhere." : "",
    false,
  );
}

async function findGroups() {
  const text = search.value;
  searching = setTimeout(() => {
    searching = undefined;
  }, 2000);
  if (text === "") return;
  const found = await feed.ask(`api/groups?search=${encodeURIComponent(text)}`);
  if (found !== undefined && search.value === text) {
    view.showGroups(/** @type {import("./wire.js").LargestGroups} */ (found), text);
  }
}

/** @param {string} problem */
function askForToken(problem) {
  setConnection("connecting", "Token needed");
  byId("figures").hidden = true;
  form.hidden = false;
  setText(byId("token-problem"), problem);
  field.focus();
}

/** @param {"connecting" | "live" | "lost"} state @param {string} text */
function setConnection(state, text) {
  const pill = byId("connection");
  setAttributes(pill, { "data-state": state });
  setText(pill, text);
}

/** @param {string} text @param {boolean} isBad */
function showBanner(text, isBad) {
  const banner = byId("banner");
  // The first words about a loss stay: they have its time, and a screen reader is told once.
  if (isBad && !banner.hidden && banner.classList.contains("bad")) return;
  banner.hidden = text === "";
  banner.classList.toggle("bad", isBad);
  setText(banner, text);
}

/** @param {string} id */
function input(id) {
  const element = byId(id);
  if (!(element instanceof HTMLInputElement)) throw new Error(`${id} is no input`);
  return element;
}
