// One chat: header, messages, answers of the bot, composer. It knows one user and no other;
// a group is a kind of chat.

import { Unreachable, api } from "./api.js";
import { Composer } from "./composer.js";
import { openDialog } from "./dialog.js";
import { ICONS, h, hueOf, icon } from "./dom.js";
import { MessageLog } from "./log.js";
import { PAY } from "./message.js";
import { introduction } from "./introduction.js";

// What a chosen file is sent as.
const KINDS = [[/^image\/webp$/, "sticker"], [/^image\/(png|jpeg|gif)$/, "photo"], [/^audio\//, "voice"], [/^/, "document"]];
const TYPING_MS = 5500;
const TOAST_MS = 6000;
const DOING = {
  upload_photo: "is sending a picture", upload_video: "is sending a film", upload_document: "is sending a file",
  record_voice: "is recording", record_video: "is recording", choose_sticker: "is choosing a sticker",
  find_location: "is looking at the map",
};

export class Chat {
  // `page` offers: bot (as told by the server), activate(id), close(id), edit(id).
  constructor(user, page) {
    this.user = user;
    this.userId = user.id;
    this.page = page;
    this.pressing = new Set();
    this.unsure = null;
    this.early = null;
    this.loading = Promise.resolve();
    this.log = new MessageLog(this);
    this.composer = new Composer(user.id, (text) => this.say(text), this.takesFiles ? (file, caption) => this.share(file, caption) : null);
    this.build();
  }

  build() {
    this.title = h("h2", {});
    this.purse = h("span", { className: "purse", title: "Stars: play money" });
    this.avatar = h("span", { className: "avatar", "aria-hidden": "true" });
    this.typing = h("p", { className: "typing", hidden: true });
    this.toast = h("p", { className: "toast", role: "status", hidden: true });
    this.start = h("div", { className: "start" });
    this.blocked = h(
      "div",
      { className: "blocked", hidden: true },
      "You have blocked the bot. ",
      h("button", { type: "button", onclick: () => this.attempt(api.unblock(this.userId)) }, "Unblock"),
    );
    this.element = h(
      "article",
      { className: "chat", dataset: { user: this.userId }, vars: { "--hue": hueOf(this.userId) } },
      this.header(),
      this.start,
      this.log.element,
      h("div", { className: "notices" }, this.typing, this.toast),
      this.composer.element,
      this.blocked,
    );
    this.element.addEventListener("focusin", () => this.page.activate(this.userId));
    this.element.addEventListener("pointerdown", () => this.page.activate(this.userId));
    this.show(this.user);
  }

  header() {
    const edit = { className: "icon-button", type: "button", "aria-label": `Change this ${this.kind}`, onclick: () => this.page.edit(this.userId) };
    const close = { className: "icon-button close", type: "button", "aria-label": "Close this chat", onclick: () => this.page.close(this.userId) };
    return h(
      "header",
      { className: "chat-head" },
      this.avatar,
      this.title,
      this.purse,
      h("button", edit, icon(ICONS.pen)),
      h("button", close, icon(ICONS.close)),
    );
  }

  show(user) {
    this.user = user;
    this.avatar.textContent = [...user.first_name][0];
    const name = [user.first_name, user.last_name].filter(Boolean).join(" ");
    this.title.replaceChildren(name, h("small", {}, ` ${user.language_code ?? ""}`));
    this.purse.textContent = `⭐ ${user.stars}`;
    this.element.setAttribute("aria-label", `Chat of ${name}`);
    this.blocked.hidden = !user.has_blocked;
    const canWrite = user.has_started && !user.has_blocked;
    this.composer.element.hidden = !canWrite;
    this.log.element.hidden = !user.has_started;
    this.start.hidden = user.has_started;
    if (user.has_started) this.start.replaceChildren();
    else if (!this.start.firstChild) this.start.append(introduction(user, this.page.bot, (fields) => this.begin(fields)));
  }

  async begin(fields) {
    const started = api.changeUser(this.userId, fields).then(() => api.send(this.userId, "/start"));
    if (!(await this.attempt(started))) return;
    await this.load();
    this.focus();
  }

  focus() {
    const wanted = this.user.has_started ? this.composer.box : this.start.querySelector("input");
    wanted?.focus();
  }

  load() {
    this.loading = this.loading.then(() => this.loadNow()).catch(() => (this.early = null));
    return this.loading;
  }

  // What is heard while the chat is being loaded may be newer than what is loaded: it goes on top.
  async loadNow() {
    this.early = [];
    const { user, messages, reply_keyboard: replies, commands } = await this.fetch();
    this.show(user);
    this.log.load(messages);
    this.composer.setReplyKeyboard(replies);
    this.composer.setCommands(commands);
    this.forgetIfSent();
    const heard = this.early;
    this.early = null;
    for (const [kind, body] of heard) this.hear(kind, body);
  }

  // What a group does in its own way.

  get kind() {
    return "reader";
  }

  get self() {
    return this.userId;
  }

  get takesFiles() {
    return true;
  }

  fetch() {
    return api.chat(this.userId);
  }

  send(text) {
    return api.send(this.userId, text);
  }

  sendPress(messageId, data) {
    return api.press(this.userId, messageId, data);
  }

  hear(kind, body) {
    if (this.early) this.early.push([kind, body]);
    if (kind === "message" || kind === "edited") this.put(body.message);
    else if (kind === "deleted") this.log.remove(body.message_id);
    else if (kind === "typing") this.showTyping(body.action);
    else if (kind === "answer") this.showAnswer(body);
    else if (kind === "keyboard") this.composer.setReplyKeyboard(body.reply_keyboard);
  }

  put(message) {
    if (message.from.is_bot) this.typing.hidden = true;
    for (const data of message.pending) this.pressing.delete(pressKey(message.message_id, data));
    this.log.put(message);
  }

  async say(text) {
    this.unsure = text;
    if (await this.attempt(this.send(text), " What you wrote is kept.")) {
      this.unsure = null;
      this.composer.clear(text);
    }
  }

  async share(file, caption) {
    const form = new FormData();
    const kind = KINDS.find(([types]) => types.test(file.type))[1];
    form.append("kind", kind);
    form.append("file", file);
    const takesCaption = kind === "photo" || kind === "document";
    if (takesCaption) form.append("caption", caption);
    if ((await this.attempt(api.share(this.userId, form))) && takesCaption) this.composer.clear(caption);
  }

  // The answer to a send may be lost though the message is there: then the draft has done its duty.
  forgetIfSent() {
    const text = this.unsure;
    if (text && this.log.has((message) => !message.from.is_bot && message.text === text)) this.composer.clear(text);
    this.unsure = null;
  }

  async press(messageId, data) {
    const key = pressKey(messageId, data);
    const shown = this.log.shown.get(messageId)?.message;
    if (this.pressing.has(key) || shown?.pending.includes(data)) return;
    this.pressing.add(key);
    this.log.refresh(messageId);
    await this.attempt(this.sendPress(messageId, data));
    this.pressing.delete(key);
    this.log.refresh(messageId);
  }

  async pay(messageId) {
    const key = pressKey(messageId, PAY);
    if (this.pressing.has(key)) return;
    this.pressing.add(key);
    this.log.refresh(messageId);
    await this.attempt(api.pay(this.userId, messageId).then((outcome) => this.showOutcome(outcome)));
    this.pressing.delete(key);
    this.log.refresh(messageId);
  }

  showOutcome({ outcome, message }) {
    if (outcome === "paid") this.sayAside("Paid.");
    else if (outcome === "refused") this.alert(message);
    else this.sayAside(message, true);
  }

  isPressing(messageId, data) {
    return this.pressing.has(pressKey(messageId, data));
  }

  pressesOn(messageId) {
    return [...this.pressing].filter((key) => key.startsWith(`${messageId} `));
  }

  async react(messageId, emoji) {
    await this.attempt(api.react(this.userId, messageId, emoji));
  }

  async copy(text) {
    await navigator.clipboard.writeText(text);
    this.sayAside("Copied.");
  }

  async attempt(request, consolation = "") {
    this.toast.hidden = true;
    try {
      await request;
      return true;
    } catch (error) {
      this.sayAside(error.message + (error instanceof Unreachable ? consolation : ""), true);
      return false;
    }
  }

  showTyping(action) {
    if (action === "cancel") {
      this.typing.hidden = true;
      return;
    }
    const name = this.page.bot.first_name;
    this.typing.replaceChildren(`${name} ${DOING[action] ?? "is writing"}`, h("span", { className: "dots", "aria-hidden": "true" }));
    this.typing.hidden = false;
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => (this.typing.hidden = true), TYPING_MS);
  }

  showAnswer({ text, show_alert: isAlert, url }) {
    const shown = text || url;
    if (!shown) return;
    if (isAlert) this.alert(shown);
    else this.sayAside(shown);
  }

  sayAside(text, isProblem = false) {
    this.toast.textContent = text;
    this.toast.classList.toggle("problem", isProblem);
    this.toast.hidden = false;
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => (this.toast.hidden = true), TOAST_MS);
  }

  alert(text) {
    const close = h("button", { className: "primary", type: "button", autofocus: true, onclick: () => dialog.close() }, "OK");
    const dialog = openDialog({ className: "alert" }, h("p", {}, text), close);
  }
}

const pressKey = (messageId, data) => `${messageId} ${data}`;
