// The first page of a chat that has not begun: who reads, in which language, and Start.

import { h } from "./dom.js";

export const LANGUAGES = { es: "Español", en: "English" };

export function languageSelect(chosen, id) {
  const codes = { ...LANGUAGES, ...(chosen && !(chosen in LANGUAGES) ? { [chosen]: chosen } : {}) };
  const options = Object.entries(codes).map(([code, name]) =>
    h("option", { value: code, lang: code, selected: code === chosen }, name),
  );
  return h("select", { id }, options);
}

export function introduction(user, bot, begin) {
  const name = h("input", { id: `name-${user.id}`, value: user.first_name, required: true, maxLength: 64, autocomplete: "off" });
  const language = languageSelect(user.language_code, `language-${user.id}`);
  const form = h(
    "form",
    { className: "introduction" },
    h("p", { className: "ornament", "aria-hidden": "true" }, "❦"),
    h("h3", {}, bot.first_name),
    h("p", { className: "lead" }, "A story is waiting. Who is going to read it?"),
    h("label", { htmlFor: name.id }, "Name"),
    name,
    h("label", { htmlFor: language.id }, "Language"),
    language,
    h("button", { className: "primary start-button", type: "submit" }, "Start"),
    h("p", { className: "fine" }, "Start sends /start to the bot, as Telegram does."),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    begin({ first_name: name.value.trim(), language_code: language.value });
  });
  return form;
}
