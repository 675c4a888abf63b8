// A group: one chat of several readers and the bot. Who writes and presses is chosen in its head.

import { api } from "./api.js";
import { Chat } from "./chat.js";
import { labelled, openForm } from "./dialog.js";
import { h } from "./dom.js";

export class GroupChat extends Chat {
  build() {
    this.speaker = h("select", { className: "speaker", "aria-label": "Who writes and presses", onchange: () => this.speakAnew() });
    super.build();
    this.element.classList.add("group");
    this.purse.replaceWith(this.speaker);
  }

  show(group) {
    this.user = group;
    this.avatar.textContent = [...group.title][0];
    this.title.replaceChildren(group.title, h("small", {}, ` ${group.members.length + (group.has_bot ? 1 : 0)}`));
    this.element.setAttribute("aria-label", `Group ${group.title}`);
    const chosen = this.speaker.value;
    this.speaker.replaceChildren(...group.members.map((one) => h("option", { value: one.id, selected: String(one.id) === chosen }, one.first_name)));
    this.start.hidden = true;
    this.composer.element.hidden = group.members.length === 0;
  }

  get kind() {
    return "group";
  }

  get takesFiles() {
    return false;
  }

  // Whose messages are at the right, and whose events stand in the panel.
  get self() {
    return Number(this.speaker.value);
  }

  get reader() {
    return this.user.members.find((one) => one.id === this.self) ?? null;
  }

  speakAnew() {
    this.log.redraw();
    this.page.follow(this.userId);
  }

  async fetch() {
    const { group, ...chat } = await api.groupChat(this.userId);
    return { ...chat, user: group, reply_keyboard: null };
  }

  send(text) {
    return api.sendToGroup(this.userId, this.self, text);
  }

  sendPress(messageId, data) {
    return api.pressInGroup(this.userId, this.self, messageId, data);
  }
}

export function groupDialog(group, users, done) {
  const title = h("input", { id: "group-title", value: group?.title ?? "The reading circle", required: true, maxLength: 128, autocomplete: "off", disabled: Boolean(group) });
  if (group) {
    const more = (attempt) => moreActions(group, attempt);
    openForm({ title: "This group", fields: labelled("Title", title), cancel: "Close", more }, done);
    return;
  }
  const boxes = users.map((user) => h("input", { type: "checkbox", value: user.id, checked: true }));
  const members = boxes.map((box, n) => h("label", { className: "member" }, box, users[n].first_name));
  const readers = h("fieldset", {}, h("legend", {}, "Readers; the bot comes too"), members);
  const chosen = () => boxes.filter((box) => box.checked).map((box) => Number(box.value));
  const request = () => api.addGroup(title.value.trim(), chosen());
  openForm({ title: "A new group", fields: [...labelled("Title", title), readers], submit: "Add", request }, done);
}

function moreActions(group, attempt) {
  const by = group.members[0]?.id;
  const bot = group.has_bot
    ? h("button", { type: "button", disabled: !by, onclick: () => attempt(api.removeBot(group.id, by)) }, "Remove the bot")
    : h("button", { type: "button", disabled: !by, onclick: () => attempt(api.addBot(group.id, by)) }, "Add the bot");
  const remove = h("button", { type: "button", className: "danger", onclick: () => attempt(api.removeGroup(group.id)) }, "Delete the group");
  return [bot, remove];
}
