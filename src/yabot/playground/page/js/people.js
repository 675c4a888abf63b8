// The readers: tabs to open their chats, and the dialog to add, change or remove one.

import { api } from "./api.js";
import { labelled, openForm } from "./dialog.js";
import { ICONS, h, hueOf, icon } from "./dom.js";
import { languageSelect } from "./introduction.js";

const NAMES = ["Bruno", "Clara", "Dante", "Elena", "Félix", "Greta", "Hugo", "Inés", "Julia", "Leo", "Marta", "Nico"];

export function tabs(users, openIds, activeId, page) {
  const buttons = users.map((user) =>
    h(
      "button",
      {
        type: "button",
        className: "tab",
        vars: { "--hue": hueOf(user.id) },
        dataset: { user: user.id },
        "aria-pressed": String(openIds.includes(user.id)),
        "aria-current": user.id === activeId ? "true" : null,
        title: user.first_name,
        onclick: () => page.toggle(user.id),
      },
      h("span", { className: "avatar", "aria-hidden": "true" }, [...user.first_name][0]),
      h("span", { className: "name" }, user.first_name),
      page.unread(user.id) ? h("span", { className: "unread", "aria-label": "new messages" }) : null,
    ),
  );
  const add = h(
    "button",
    { type: "button", className: "tab add", "aria-label": "Add a reader", onclick: () => page.edit(null) },
    icon(ICONS.plus),
    h("span", { className: "name" }, "Reader"),
  );
  const group = h(
    "button",
    { type: "button", className: "tab add", "aria-label": "Add a group", onclick: () => page.addGroup() },
    icon(ICONS.plus),
    h("span", { className: "name" }, "Group"),
  );
  return [...buttons, h("span", { className: "adding" }, add, group)];
}

export function readerDialog(user, users, done) {
  const taken = new Set(users.map((one) => one.first_name));
  const suggested = NAMES.find((one) => !taken.has(one)) ?? "Reader";
  const name = h("input", { id: "reader-name", value: user?.first_name ?? suggested, required: true, maxLength: 64, autocomplete: "off" });
  const username = h("input", { id: "reader-username", value: user?.username ?? "", pattern: "[A-Za-z][A-Za-z0-9_]{3,31}", autocomplete: "off", placeholder: "none" });
  const language = languageSelect(user?.language_code ?? "es", "reader-language");
  const stars = h("input", { id: "reader-stars", type: "number", min: 0, max: 1000000, step: 1, value: user?.stars ?? 1000, required: true });
  const request = () => {
    const fields = { first_name: name.value.trim(), username: username.value.trim() || null, language_code: language.value };
    return user ? api.changeUser(user.id, { ...fields, stars: Number(stars.value) }) : api.addUser(fields);
  };
  const form = {
    title: user ? `Change ${user.first_name}` : "A new reader",
    fields: [
      ...labelled("Name", name),
      ...labelled("Username", username),
      ...labelled("Language of their Telegram", language),
      ...(user ? labelled("Stars: play money", stars) : []),
    ],
    submit: user ? "Save" : "Add",
    request,
    more: user && ((attempt) => moreActions(user, attempt)),
  };
  openForm(form, done);
}

function moreActions(user, attempt) {
  const blocking = user.has_blocked
    ? h("button", { type: "button", onclick: () => attempt(api.unblock(user.id)) }, "Unblock the bot")
    : h("button", { type: "button", disabled: !user.has_started, onclick: () => attempt(api.block(user.id)) }, "Block the bot");
  const remove = h("button", { type: "button", className: "danger" }, "Remove this reader");
  remove.addEventListener("click", () => {
    if (remove.dataset.sure) attempt(api.removeUser(user.id));
    else {
      remove.dataset.sure = "yes";
      remove.textContent = "Remove with all messages?";
    }
  });
  return [blocking, remove];
}
