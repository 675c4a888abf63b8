// Faults: what Telegram and the network do to the bot on purpose, and a form for more of it.

import { api } from "./api.js";
import { ICONS, h, icon } from "./dom.js";

const CALLS = {
  flood: "429 Too many requests",
  server_error: "500 Server error",
  bad_gateway: "502 Bad gateway",
  forbidden: "403 Blocked by the user",
  bad_request: "400 Bad request",
  drop_before: "Connection drops before the effect",
  drop_after: "Connection drops after the effect",
  undecodable: "Done, but the answer is of a later version",
  rubbish: "No answer of Telegram's",
  delay: "A slow answer",
  late: "Done at once, answered late",
};
const DELIVERIES = {
  duplicate: "Delivered twice",
  reorder: "Delivered out of order",
  burst: "Delivered in bursts",
};
const METHODS = [
  "sendMessage", "editMessageText", "editMessageReplyMarkup", "answerCallbackQuery", "deleteMessage",
  "setMessageReaction", "sendChatAction", "sendInvoice", "answerPreCheckoutQuery", "getUpdates",
];
const WITH_SECONDS = { flood: "Retry after, seconds", delay: "Seconds", late: "Seconds", reorder: "Held back, seconds at most", burst: "Gather for, seconds" };

export class FaultsPanel {
  constructor(element) {
    this.element = element;
    this.present = { seed: 0, faults: [] };
    this.told = h("span", { className: "faults-told" });
    this.summary = h("summary", { title: "Make Telegram misbehave" }, icon(ICONS.cloud), this.told);
    this.list = h("ul", { className: "faults", "aria-label": "Present faults" });
    this.none = h("p", { className: "quiet" }, "None. Every call and every delivery arrives.");
    this.problem = h("p", { className: "problem", role: "alert", hidden: true });
    this.clear = h("button", { type: "button", className: "clear-faults", onclick: () => this.change([]) }, "Clear");
    const title = h("div", { className: "faults-title" }, h("h2", {}, "Faults"), this.clear);
    element.replaceChildren(this.summary, h("div", { className: "faults-leaf" }, title, this.none, this.list, this.form(), this.problem));
    this.closeFromOutside();
    this.show(this.present);
  }

  form() {
    this.kind = h("select", { id: "fault-kind", onchange: () => this.fit() }, group("Calls of the bot", CALLS), group("Deliveries to its webhook", DELIVERIES));
    this.method = h("select", { id: "fault-method" }, h("option", { value: "" }, "any but getUpdates"), METHODS.map((name) => h("option", { value: name }, name)));
    this.seconds = h("input", { id: "fault-seconds", type: "number", min: 0.1, max: 120, step: 0.1, value: 3, required: true });
    this.often = h("select", { id: "fault-often", onchange: () => this.fit() },
      h("option", { value: "count" }, "the next"), h("option", { value: "always" }, "always"), h("option", { value: "chance" }, "by chance, %"));
    this.number = h("input", { id: "fault-number", type: "number", min: 1, step: 1, value: 1, required: true, "aria-label": "How many, or percent" });
    this.methodField = field("Method", this.method);
    this.secondsField = field("", this.seconds);
    const form = h("form", { className: "new-fault" },
      field("What goes wrong", this.kind), this.methodField, this.secondsField,
      h("div", {}, h("label", { htmlFor: "fault-often" }, "How often"), h("div", { className: "often" }, this.often, this.number)),
      h("button", { type: "submit", className: "primary" }, "Add"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.change([...this.remaining(), this.chosen()]);
    });
    this.fit();
    return form;
  }

  // Only what the chosen kind knows is asked for.
  fit() {
    const kind = this.kind.value;
    this.methodField.hidden = kind in DELIVERIES;
    this.secondsField.hidden = this.seconds.disabled = !(kind in WITH_SECONDS);
    this.secondsField.querySelector("label").textContent = WITH_SECONDS[kind] ?? "";
    this.seconds.step = kind === "flood" ? 1 : 0.1;
    this.seconds.min = kind === "flood" ? 1 : 0.1;
    this.number.hidden = this.number.disabled = this.often.value === "always";
    this.number.max = this.often.value === "chance" ? 100 : 100000;
  }

  chosen() {
    const fault = { kind: this.kind.value };
    if (!this.methodField.hidden && this.method.value) fault.method = this.method.value;
    if (!this.seconds.disabled) fault[fault.kind === "flood" ? "retry_after" : "seconds"] = Number(this.seconds.value);
    if (this.often.value === "count") fault.count = Number(this.number.value);
    if (this.often.value === "chance") fault.probability = Number(this.number.value) / 100;
    return fault;
  }

  // A change begins to count anew: what has struck already is taken off.
  remaining() {
    return this.present.faults
      .filter((fault) => left(fault) !== 0)
      .map(({ hits, ...fault }) => (fault.count ? { ...fault, count: fault.count - hits } : fault));
  }

  async change(faults) {
    try {
      await api.changeFaults({ faults, seed: this.present.seed });
      this.problem.hidden = true;
    } catch (error) {
      this.problem.textContent = error.message;
      this.problem.hidden = false;
    }
  }

  async load() {
    this.show(await api.faults());
  }

  show(present) {
    this.present = present;
    const active = present.faults.filter((fault) => left(fault) !== 0).length;
    this.element.classList.toggle("active", active > 0);
    this.told.textContent = active ? (active === 1 ? "1 fault" : `${active} faults`) : "No faults";
    this.summary.setAttribute("aria-label", `Faults: ${this.told.textContent}`);
    this.none.hidden = present.faults.length > 0;
    this.clear.hidden = present.faults.length === 0;
    this.list.replaceChildren(...present.faults.map((fault, at) => this.item(fault, at)));
  }

  item(fault, at) {
    const remove = {
      type: "button",
      className: "icon-button",
      "aria-label": `Remove: ${named(fault)}`,
      onclick: () => this.change(this.present.faults.filter((one, other) => other !== at && left(one) !== 0).map(({ hits, ...one }) => one)),
    };
    const isOver = left(fault) === 0;
    return h("li", { className: isOver ? "over" : "" },
      h("span", { className: "fault-name" }, named(fault), h("small", {}, details(fault))),
      h("span", { className: "hits", title: "How often it has struck" }, `×${fault.hits}`),
      h("button", remove, icon(ICONS.close)));
  }

  closeFromOutside() {
    document.addEventListener("pointerdown", (event) => {
      if (!this.element.contains(event.target)) this.element.open = false;
    });
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.element.open) return;
      this.element.open = false;
      this.summary.focus();
    });
  }
}

const left = ({ count, hits }) => (count ? Math.max(0, count - hits) : Infinity);
const named = ({ kind }) => CALLS[kind] ?? DELIVERIES[kind];

function details(fault) {
  const method = fault.kind in DELIVERIES ? null : fault.method ?? "any method";
  const chat = fault.chat_id ? `chat ${fault.chat_id}` : null;
  const seconds = fault.kind === "flood" ? fault.retry_after : fault.kind in WITH_SECONDS ? fault.seconds : null;
  const chance = fault.probability < 1 ? `${Math.round(fault.probability * 100)} %` : null;
  const often = fault.count ? (left(fault) ? `${left(fault)} to come` : "over") : chance ?? "always";
  return [method, chat, seconds ? `${seconds} s` : null, often].filter(Boolean).join(" · ");
}

function group(label, kinds) {
  return h("optgroup", { label }, Object.entries(kinds).map(([kind, name]) => h("option", { value: kind }, name)));
}

function field(label, control) {
  return h("div", {}, h("label", { htmlFor: control.id }, label), control);
}
