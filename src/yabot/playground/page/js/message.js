// One message: bubble, reply, inline keyboard, reactions.

import { arrowKeys, h, hueOf } from "./dom.js";
import { textNodes } from "./entities.js";
import { contentOf, serviceNote } from "./content.js";

export const PAY = "pay";
export const QUICK_REACTIONS = ["❤", "👍", "🔥", "😁", "😢", "🤔"];

const NOT_HERE = "This kind of button does nothing in the playground.";

// `chat` offers: self, press, pay, react, say, copy.
export function messageElement(message, chat) {
  const note = serviceNote(message);
  if (note) return h("li", { className: "message service", dataset: { id: message.message_id } }, h("p", {}, note));
  const isBot = message.from.is_bot;
  const side = isBot ? "from-bot" : message.from.id === chat.self ? "from-reader" : "from-other";
  return h(
    "li",
    { className: `message ${side}`, dataset: { id: message.message_id } },
    h(
      "div",
      { className: "line" },
      h("div", { className: "bubble", tabIndex: -1 }, author(message, side), reply(message), contentOf(message), text(message, chat), meta(message)),
      isBot && isPrivate(message) ? reactionPicker(message, chat) : null,
    ),
    reactions(message, chat),
    keyboard(message, chat),
  );
}

function text(message, chat) {
  const said = message.text ?? message.caption;
  if (!said) return null;
  const shown = textNodes(said, message.entities ?? message.caption_entities, (command) => chat.say(command));
  if (isTitle(shown)) shown[0].className = "title";
  const guarded = message.has_protected_content ? " guarded" : "";
  return h("div", { className: `text${guarded}` }, shown);
}

// A bold first line with nothing beside it reads as a title.
function isTitle([first, second]) {
  return first?.tagName === "STRONG" && typeof second === "string" && second.startsWith("\n");
}

const isPrivate = (message) => message.chat.type === "private";

function author(message, side) {
  if (isPrivate(message) || side === "from-reader") return null;
  return h("b", { className: "author", vars: { "--hue": hueOf(message.from.id) } }, message.from.first_name);
}

function reply(message) {
  const original = message.reply_to_message;
  if (!original) return null;
  return h("blockquote", { className: "reply" }, h("b", {}, original.from.first_name), ` ${original.text ?? original.caption ?? ""}`);
}

function meta(message) {
  const at = new Date(message.date * 1000);
  const time = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return h(
    "span",
    { className: "meta" },
    message.edit_date ? h("i", {}, "edited ") : null,
    h("time", { dateTime: at.toISOString(), title: at.toLocaleString() }, time),
  );
}

function reactions(message, chat) {
  if (!message.reactions.length) return null;
  return h("div", { className: "reactions" }, message.reactions.map((one) => reactionChip(message, one, chat)));
}

function reactionChip(message, { user_id: userId, emoji }, chat) {
  if (userId !== chat.self) {
    return h("span", { className: "chip", title: "The bot's reaction" }, emoji);
  }
  const props = {
    className: "chip own",
    type: "button",
    dataset: { key: "own-reaction" },
    "aria-label": `Take your reaction ${emoji} back`,
    onclick: () => chat.react(message.message_id, null),
  };
  return h("button", props, emoji);
}

function reactionPicker(message, chat) {
  const own = message.reactions.find((one) => one.user_id === chat.self)?.emoji;
  // One tab stop for the whole bar; the arrow keys go on from there.
  const choices = QUICK_REACTIONS.map((emoji, at) =>
    h(
      "button",
      {
        type: "button",
        tabIndex: at === 0 ? 0 : -1,
        dataset: { key: `react-${emoji}` },
        "aria-pressed": String(emoji === own),
        "aria-label": `React with ${emoji}`,
        onclick: () => chat.react(message.message_id, emoji === own ? null : emoji),
      },
      emoji,
    ),
  );
  const bar = h("div", { className: "reaction-bar", role: "group", "aria-label": "Reactions" }, choices);
  bar.addEventListener("keydown", (event) => arrowKeys(event, choices));
  return bar;
}

function keyboard(message, chat) {
  const rows = message.reply_markup?.inline_keyboard;
  if (!rows?.length) return null;
  const shown = rows.map((row) =>
    h("div", { className: "row" }, row.map((button) => inlineButton(message, button, chat))),
  );
  const whole = h("div", { className: "inline-keyboard", role: "group", "aria-label": "Buttons" }, shown);
  whole.addEventListener("keydown", (event) => arrowKeys(event, [...whole.querySelectorAll("button, a")]));
  return whole;
}

function inlineButton(message, button, chat) {
  const className = `inline-button ${button.style ?? ""}`;
  if (button.url) return linkButton(button, className);
  if (button.callback_data) return pressButton(message, button, className, chat);
  if (button.pay) return payButton(message, button, className, chat);
  if (button.copy_text) {
    const onclick = () => chat.copy(button.copy_text.text);
    return h("button", { className, type: "button", onclick }, button.text, h("span", { className: "hint" }, "copy"));
  }
  return h("button", { className, type: "button", disabled: true, title: NOT_HERE }, button.text);
}

function linkButton(button, className) {
  const isWeb = /^https?:\/\//.test(button.url);
  if (!isWeb) return h("button", { className, type: "button", disabled: true, title: button.url }, button.text);
  const props = { className, href: button.url, target: "_blank", rel: "noopener noreferrer" };
  return h("a", props, button.text, h("span", { className: "hint" }, "↗"));
}

function payButton(message, button, className, chat) {
  return actionButton(message, button, `${className} primary`, chat, PAY, () => chat.pay(message.message_id));
}

// A pending button stays focusable (aria-disabled): the focus must not jump away with a press.
function pressButton(message, button, className, chat) {
  const data = button.callback_data;
  return actionButton(message, button, className, chat, data, () => chat.press(message.message_id, data));
}

function actionButton(message, button, className, chat, data, onclick) {
  const isPending = message.pending.includes(data) || chat.isPressing(message.message_id, data);
  const props = {
    className: `${className}${isPending ? " pending" : ""}`,
    type: "button",
    dataset: { key: `press-${data}`, data },
    "aria-disabled": isPending ? "true" : null,
    "aria-busy": isPending ? "true" : null,
    onclick,
  };
  return h("button", props, h("span", {}, button.text));
}

