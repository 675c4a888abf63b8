// The list of messages of one chat. Only what changed is touched, so that screen readers hear
// new messages alone and the focus stays where it is.

import { ICONS, h, icon } from "./dom.js";
import { messageElement } from "./message.js";

const NEAR_END_PX = 80;

export class MessageLog {
  constructor(chat) {
    this.chat = chat;
    this.shown = new Map();
    this.list = h("ol", { className: "log", role: "log", "aria-label": "Messages" });
    this.toEnd = h(
      "button",
      { className: "to-end icon-button", type: "button", hidden: true, "aria-label": "To the newest message", onclick: () => this.scrollToEnd() },
      icon(ICONS.down),
    );
    this.scroller = h("div", { className: "scroller", tabIndex: 0 }, this.list);
    this.noteEnd(true);
    this.scroller.addEventListener("scroll", () => this.noteEnd(this.isNearEnd()));
    // Whatever changes the height, who reads the end goes on reading the end.
    const keepEnd = new ResizeObserver(() => this.isAtEnd && this.scrollToEnd());
    keepEnd.observe(this.scroller);
    keepEnd.observe(this.list);
    this.element = h("div", { className: "log-frame" }, this.scroller, this.toEnd);
    this.list.setAttribute("aria-live", "off");
  }

  // The whole chat as the server has it now.
  load(messages) {
    const isFirst = this.list.getAttribute("aria-live") === "off";
    const there = new Set(messages.map((message) => message.message_id));
    for (const id of [...this.shown.keys()]) if (!there.has(id)) this.remove(id);
    for (const message of messages) this.put(message);
    if (isFirst) {
      this.scrollToEnd();
      this.list.setAttribute("aria-live", "polite");
    }
  }

  put(message) {
    const id = message.message_id;
    const json = JSON.stringify([message, this.chat.pressesOn(id)]);
    const before = this.shown.get(id);
    if (before?.json === json) return;
    const element = messageElement(message, this.chat);
    if (before) this.replace(before.element, element);
    else this.insert(id, element, message);
    this.shown.set(id, { json, element, message });
    if (before) return;
    if (this.isAtEnd || message.from.id === this.chat.self) this.scrollToEnd();
    else this.toEnd.hidden = false;
  }

  // Everything as it looks to somebody else.
  redraw() {
    for (const entry of this.shown.values()) entry.json = null;
    for (const id of this.shown.keys()) this.refresh(id);
  }

  refresh(id) {
    const entry = this.shown.get(id);
    if (entry) this.put(entry.message);
  }

  remove(id) {
    this.shown.get(id)?.element.remove();
    this.shown.delete(id);
  }

  has(predicate) {
    return [...this.shown.values()].some(({ message }) => predicate(message));
  }

  insert(id, element, message) {
    const later = [...this.shown.keys()].filter((other) => other > id);
    const next = later.length ? this.shown.get(Math.min(...later)).element : null;
    this.list.insertBefore(element, next);
    const day = dayOf(message);
    const previous = element.previousElementSibling;
    if (previous?.dataset.day !== day) element.prepend(dayMark(message));
    element.dataset.day = day;
  }

  replace(before, element) {
    const focused = before.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const mark = before.querySelector(".day");
    if (mark) element.prepend(mark);
    element.dataset.day = before.dataset.day;
    element.classList.add("settled");
    before.replaceWith(element);
    if (focused) this.focusAgain(element, focused);
  }

  focusAgain(element, key) {
    const same = element.querySelector(`[data-key="${CSS.escape(key)}"]`);
    (same ?? this.scroller).focus({ preventScroll: true });
  }

  isNearEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
  }

  scrollToEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.noteEnd(true);
  }

  // At the end the browser must not hold on to the text that it shows: the end would slip away
  // where the lines get shorter.
  noteEnd(isAtEnd) {
    this.isAtEnd = isAtEnd;
    this.scroller.classList.toggle("at-end", isAtEnd);
    if (isAtEnd) this.toEnd.hidden = true;
  }
}

const dayOf = (message) => new Date(message.date * 1000).toDateString();

function dayMark(message) {
  const day = new Date(message.date * 1000);
  const told = day.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" });
  return h("div", { className: "day" }, told);
}
