// A message's text with Telegram's entities, as DOM nodes. Offsets are UTF-16, as in JavaScript.

import { h } from "./dom.js";

const TAGS = {
  bold: "strong", italic: "em", underline: "u", strikethrough: "s",
  code: "code", pre: "pre", blockquote: "blockquote", expandable_blockquote: "blockquote",
};

export function textNodes(text, entities = [], onCommand = null) {
  return nodesBetween(text, entities, 0, text.length, onCommand);
}

// Entities are sorted, outer before inner, and never cross.
function nodesBetween(text, entities, start, end, onCommand) {
  const nodes = [];
  let at = start;
  let rest = entities;
  while (rest.length) {
    const [entity, ...others] = rest;
    const entityEnd = entity.offset + entity.length;
    const inside = others.filter((other) => other.offset < entityEnd);
    nodes.push(text.slice(at, entity.offset));
    const children = nodesBetween(text, inside, entity.offset, entityEnd, onCommand);
    nodes.push(element(entity, text.slice(entity.offset, entityEnd), children, onCommand));
    at = entityEnd;
    rest = others.slice(inside.length);
  }
  nodes.push(text.slice(at, end));
  return nodes.filter((node) => node !== "");
}

function element(entity, source, children, onCommand) {
  if (entity.type in TAGS) return h(TAGS[entity.type], {}, children);
  if (entity.type === "spoiler") return spoiler(children);
  if (entity.type === "text_link") return link(entity.url, children);
  if (entity.type === "url") return link(source, children);
  if (entity.type === "bot_command" && onCommand) return command(source, onCommand);
  return h("span", {}, children);
}

function link(url, children) {
  if (!/^https?:\/\//.test(url)) return h("span", { title: url }, children);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, children);
}

function command(text, onCommand) {
  return h("button", { className: "command-link", type: "button", onclick: () => onCommand(text) }, text);
}

function spoiler(children) {
  const cover = h("span", { className: "spoiler", role: "button", tabIndex: 0 }, h("span", { inert: true }, children));
  cover.setAttribute("aria-label", "Hidden text: show it");
  const reveal = () => {
    cover.replaceWith(h("span", { className: "spoiler-shown" }, children));
  };
  cover.addEventListener("click", reveal);
  cover.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      reveal();
    }
  });
  return cover;
}
