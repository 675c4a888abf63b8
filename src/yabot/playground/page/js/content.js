// What a message holds beside its text, and the notes that nobody has written.

import { ICONS, h, icon } from "./dom.js";

export function contentOf(message) {
  if (message.invoice) return invoice(message.invoice);
  if (message.photo) return picture(message.photo.at(-1), "photo", "Photo");
  if (message.sticker) return picture(message.sticker, "sticker", "Sticker");
  if (message.voice) return h("audio", { className: "voice", controls: true, preload: "none", src: address(message.voice) });
  if (message.document) return file(message.document);
  return null;
}

// A line of its own in the middle; null for what somebody says.
export function serviceNote(message) {
  const { successful_payment: paid, refunded_payment: refunded } = message;
  const { new_chat_members: added, left_chat_member: gone } = message;
  if (paid) return `⭐ ${paid.total_amount} paid`;
  if (refunded) return `⭐ ${refunded.total_amount} came back`;
  if (added) return `${message.from.first_name} added ${added.map((one) => one.first_name).join(", ")}`;
  if (gone) return `${message.from.first_name} removed ${gone.first_name}`;
  return null;
}

const address = ({ file_id: id }) => `/playground/files/${encodeURIComponent(id)}`;

function picture(shown, className, alt) {
  return h("img", { className, alt, src: address(shown), width: shown.width, height: shown.height });
}

function file({ file_name: name, file_size: size, ...shown }) {
  const kilobytes = Math.max(1, Math.round(size / 1024));
  return h(
    "a",
    { className: "file", href: address(shown), download: name },
    icon(ICONS.clip),
    h("span", {}, name, h("small", {}, `${kilobytes} kB`)),
  );
}

function invoice({ title, description, total_amount: amount }) {
  return h(
    "div",
    { className: "invoice" },
    h("strong", { className: "title" }, title),
    h("p", {}, description),
    h("span", { className: "price" }, `⭐ ${amount}`),
  );
}
