// The events of one reader as they happen. Everything that one press set going shares a
// correlation id; pointing at one event lights up all of them.

import { h } from "./dom.js";
import { hueOfEvent } from "./hues.js";
import { drawn } from "./stored.js";

const MOST_SHOWN = 400;
const NEAR_END_PX = 60;
const LONGEST_WORD = 24;

export class Timeline {
  constructor(element) {
    this.element = element;
    this.list = h("ol", { className: "timeline" });
    this.empty = h("p", { className: "quiet" }, "Nothing has happened yet. Write to the bot, or press a button.");
    element.replaceChildren(this.empty, this.list);
    this.known = new Set();
    this.listenForCorrelation();
  }

  // All recent events of a reader, oldest first.
  load(events, isSameReader) {
    if (!isSameReader) this.clear();
    for (const event of events) this.add(event, isSameReader);
    this.toEnd();
  }

  clear() {
    this.known.clear();
    this.list.replaceChildren();
    this.empty.hidden = false;
  }

  add(event, isNew = true) {
    if (this.known.has(event.event_id)) return;
    const wasNearEnd = this.isNearEnd();
    this.known.add(event.event_id);
    this.empty.hidden = true;
    const item = eventItem(event, isNew);
    this.list.insertBefore(item, this.placeOf(event));
    this.markThread(item);
    while (this.list.children.length > MOST_SHOWN) this.forgetOldest();
    if (wasNearEnd) this.toEnd();
  }

  // Events of one reader are in order of their sequence; those without one go to the end.
  placeOf({ sequence }) {
    if (sequence === undefined) return null;
    let next = null;
    for (let item = this.list.lastElementChild; item; item = item.previousElementSibling) {
      const other = Number(item.dataset.sequence);
      if (!other || other < sequence) break;
      next = item;
    }
    return next;
  }

  markThread(item) {
    for (const one of [item, item.nextElementSibling]) {
      const before = one?.previousElementSibling;
      one?.classList.toggle("continues", Boolean(before) && before.dataset.correlation === one.dataset.correlation);
    }
  }

  forgetOldest() {
    this.known.delete(this.list.firstElementChild.dataset.id);
    this.list.firstElementChild.remove();
  }

  listenForCorrelation() {
    const light = (event) => this.light(event.target.closest?.(".event")?.dataset.correlation);
    this.list.addEventListener("pointerover", light);
    this.list.addEventListener("focusin", light);
    this.list.addEventListener("pointerleave", () => this.light(null));
    this.list.addEventListener("focusout", () => this.light(null));
  }

  light(correlation) {
    this.list.classList.toggle("lighting", Boolean(correlation));
    for (const item of this.list.children) {
      item.classList.toggle("lit", Boolean(correlation) && item.dataset.correlation === correlation);
    }
  }

  isNearEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    return scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
  }

  toEnd() {
    this.element.scrollTop = this.element.scrollHeight;
  }
}

function eventItem(event, isNew) {
  const details = h(
    "details",
    {},
    h(
      "summary",
      {},
      h("span", { className: "dot", "aria-hidden": "true" }),
      h("span", { className: "type" }, event.event_type),
      h("span", { className: "gist" }, gist(event.payload ?? {})),
      h("span", { className: "sequence" }, event.sequence === undefined ? "" : `#${event.sequence}`),
    ),
  );
  // The payload is drawn when somebody wants to see it.
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) details.append(payload(event));
    if (details.open) details.scrollIntoView({ block: "nearest" });
  });
  const props = {
    className: `event${isNew ? " new" : ""}`,
    vars: { "--hue": hueOfEvent(event.event_type) },
    dataset: { id: event.event_id, correlation: event.correlation_id ?? "", sequence: event.sequence ?? "" },
  };
  // Shown where a thread begins: what belongs together happens within some milliseconds.
  return h("li", props, h("time", { dateTime: event.timestamp }, clock(event.timestamp)), details);
}

function payload(event) {
  const ids = [
    ["at", event.timestamp],
    ["correlation", event.correlation_id],
    ["caused by", event.causation_id],
    ["event", event.event_id],
  ];
  return h(
    "div",
    { className: "payload" },
    drawn(event.payload ?? {}, event.payload ?? {}),
    h("dl", { className: "ids" }, ids.filter(([, id]) => id).flatMap(([name, id]) => [h("dt", {}, name), h("dd", {}, id)])),
  );
}

// What the event says, in a few words: bare what is text, named what is counted. Ids, moments and
// measurements say nothing at a glance.
function gist(payload) {
  return Object.entries(payload).map(glimpse).filter(Boolean).join(" · ");
}

function glimpse([name, value]) {
  if (Number.isInteger(value)) return `${name} ${value}`;
  const isPlain = typeof value === "string" && value.length <= LONGEST_WORD && !value.includes(":");
  return isPlain ? value : null;
}

function clock(timestamp) {
  return new Date(timestamp).toLocaleTimeString([], { timeStyle: "medium", hour12: false });
}
