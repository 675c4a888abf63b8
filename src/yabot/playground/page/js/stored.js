// What is stored about one reader: sections of rows and documents. What changed flashes.

import { h } from "./dom.js";

export class Stored {
  constructor(element) {
    this.element = element;
    this.before = null;
    this.closed = new Set();
  }

  show({ sections }, isSameReader) {
    const before = isSameReader ? this.before : null;
    if (before !== null && same(before, sections)) return;
    this.before = sections;
    const scrolled = this.element.scrollTop;
    const shown = Object.entries(sections).map(([title, value]) => this.section(title, value, before));
    this.element.replaceChildren(...(shown.length ? shown : [note("Nothing is stored about this reader yet.")]));
    this.element.scrollTop = isSameReader ? scrolled : 0;
    if (before !== null) this.showChange();
  }

  // Brings what has changed into view, unless somebody is reading here.
  showChange() {
    if (this.element.matches(":hover, :focus-within")) return;
    const section = this.element.querySelector(".changed")?.closest(".section");
    if (section) this.element.scrollTop = section.offsetTop;
  }

  say(text) {
    this.before = null;
    this.element.replaceChildren(note(text));
  }

  section(title, value, before) {
    const details = h("details", { className: "section", open: !this.closed.has(title) });
    details.addEventListener("toggle", () => (details.open ? this.closed.delete(title) : this.closed.add(title)));
    details.append(h("summary", {}, title), drawn(value, before === null ? value : before[title]));
    return details;
  }
}

// RFC 3339, to the second; the whole of it is told by the title.
const MOMENT = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(\.\d+)?(Z|[+-]00:00)$/;

const note = (text) => h("p", { className: "quiet" }, text);

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

// `before` is what was there the last time: what differs from it is marked as changed.
export function drawn(value, before) {
  if (isObject(value) && Object.keys(value).length) return table(value, before);
  if (Array.isArray(value) && value.some((one) => typeof one === "object" && one !== null)) return cards(value, before);
  return scalar(value, before);
}

function table(value, before) {
  const old = isObject(before) ? before : {};
  const rows = Object.entries(value).flatMap(([name, one]) => [h("dt", {}, name), h("dd", {}, drawn(one, old[name]))]);
  return h("dl", { className: "fields" }, rows);
}

function cards(values, before) {
  const old = Array.isArray(before) ? before : [];
  return h("ol", { className: "cards" }, values.map((one, at) => h("li", {}, drawn(one, counterpart(one, at, values, old)))));
}

// Where one was added, the others have only moved.
function counterpart(one, at, values, old) {
  if (old.length === values.length) return old[at];
  return old.find((other) => same(other, one));
}

function scalar(value, before) {
  const kind = value === null ? "null" : Array.isArray(value) ? "list" : typeof value;
  const changed = same(value, before) ? "" : " changed";
  const moment = MOMENT.exec(value);
  if (!moment) return h("span", { className: `value ${kind}${changed}` }, worded(value));
  return h("time", { className: `value${changed}`, dateTime: value, title: value }, `${moment[1]} ${moment[2]}`);
}

function worded(value) {
  if (value === null || value === undefined) return "—";
  if (Array.isArray(value)) return value.length ? value.join(" · ") : "none";
  if (isObject(value)) return "empty";
  return String(value);
}
