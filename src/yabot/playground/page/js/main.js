// The page: readers, their open chats side by side, the panel, and one stream that feeds them.

import { api } from "./api.js";
import { Chat } from "./chat.js";
import { GroupChat, groupDialog } from "./group.js";
import { memory } from "./memory.js";
import { Panel } from "./panel.js";
import { readerDialog, tabs } from "./people.js";
import { listen } from "./stream.js";
import { FaultsPanel } from "./faults.js";

const WIDTH_OF_A_CHAT_PX = 330;

const chatsElement = document.querySelector("#chats");
const peopleElement = document.querySelector("#people");
const connection = document.querySelector("#connection");
const panel = new Panel(document.querySelector("#panel"));
const faults = new FaultsPanel(document.querySelector("#faults"));

const chats = new Map();
const unread = new Set();
let users = [];
let groups = [];
let open = memory.openUsers();
let active = open[0] ?? null;

const page = {
  bot: { first_name: "The bot" },
  activate,
  close,
  edit,
  addGroup,
  toggle,
  follow: (id) => id === active && followActive(),
  unread: (id) => unread.has(id),
};

function mostOpen() {
  return Math.max(1, Math.floor(chatsElement.clientWidth / WIDTH_OF_A_CHAT_PX));
}

function activate(id) {
  unread.delete(id);
  if (active === id) return;
  active = id;
  for (const [one, chat] of chats) chat.element.classList.toggle("active", one === id);
  followActive();
  drawPeople();
}

function toggle(id) {
  if (open.includes(id)) {
    if (active === id && open.length > 1) close(id);
    else focusChat(id);
    return;
  }
  const kept = open.length >= mostOpen() ? open.filter((one) => one !== oldestPassive()) : open;
  setOpen([...kept, id]);
  focusChat(id);
}

// The chat that gives way to a new one: not the one in use, unless it is the only one.
function oldestPassive() {
  return open.find((id) => id !== active) ?? open[0];
}

function close(id) {
  setOpen(open.filter((one) => one !== id));
  if (active === id && open.length) focusChat(open[0]);
}

function focusChat(id) {
  activate(id);
  chats.get(id)?.focus();
  drawPeople();
}

function edit(id) {
  if (id < 0) {
    groupDialog(one(id), users, loadUsers);
    return;
  }
  readerDialog(one(id), users, async (changed) => {
    await loadUsers();
    if (id === null && changed) toggle(changed.id);
  });
}

function addGroup() {
  groupDialog(null, users, async (added) => {
    await loadUsers();
    toggle(added.id);
  });
}

// A reader or a group: the ids of groups are negative, as Telegram's are.
const one = (id) => [...users, ...groups].find((other) => other.id === id) ?? null;

// The panel is about a reader: in a group about the one who writes.
const followActive = () => panel.follow(chats.get(active)?.reader ?? users.find((user) => user.id === active));

function setOpen(ids) {
  open = ids;
  memory.setOpenUsers(ids);
  drawChats();
  drawPeople();
}

function drawPeople() {
  const focused = document.activeElement?.closest?.(".tab")?.dataset.user;
  peopleElement.replaceChildren(...tabs([...users, ...groups.map((group) => ({ ...group, first_name: group.title }))], open, active, page));
  if (focused) peopleElement.querySelector(`[data-user="${focused}"]`)?.focus();
}

function drawChats() {
  for (const [id, chat] of chats) {
    if (open.includes(id)) continue;
    chat.element.remove();
    chats.delete(id);
  }
  for (const id of open) if (!chats.has(id)) openChat(id);
  chatsElement.dataset.count = open.length;
}

function openChat(id) {
  const chat = id < 0 ? new GroupChat(one(id), page) : new Chat(one(id), page);
  chats.set(id, chat);
  chat.element.classList.toggle("active", id === active);
  chatsElement.append(chat.element);
  chat.load();
}

async function loadUsers() {
  [users, groups] = await Promise.all([api.users(), api.groups()]);
  const there = open.filter((id) => one(id));
  const shown = there.length || !users.length ? there : [users[0].id];
  if (!shown.includes(active)) active = shown[0] ?? null;
  for (const [id, chat] of chats) if (one(id)) chat.show(one(id));
  panel.rename(users);
  setOpen(shown.slice(0, mostOpen()));
}

// After every connection: nothing is assumed to be as it was.
async function loadEverything() {
  page.bot = await api.bot();
  panel.setBot(page.bot);
  document.title = `${page.bot.first_name} · playground`;
  const wereOpen = [...chats.values()];
  await loadUsers();
  for (const chat of wereOpen) if (chats.has(chat.userId)) chat.load();
  await faults.load();
  await followActive();
}

function hear(kind, body) {
  if (kind === "hello") loadEverything().catch(() => {});
  else if (kind === "users") loadUsers().catch(() => {});
  else if (kind === "bot") loadEverything().catch(() => {});
  else if (kind === "commands") for (const chat of chats.values()) chat.load();
  else if (kind === "event") panel.hear(body);
  else if (kind === "faults") faults.show(body);
  else if (kind === "events_missed") followActive();
  else hearOfChat(kind, body);
}

function hearOfChat(kind, body) {
  chats.get(body.chat_id)?.hear(kind, body);
  if (body.chat_id === active) panel.stateMayHaveChanged();
  const isNews = kind === "message" && body.message.from.is_bot && !body.silent;
  if (isNews && body.chat_id !== active) {
    unread.add(body.chat_id);
    drawPeople();
  }
}

function showConnection(state) {
  if (connection.dataset.state === state) return;
  connection.dataset.state = state;
  connection.textContent = state === "connected" ? "Connected" : "Reconnecting…";
}

function switchTheme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  localStorage.setItem("playground.theme", root.dataset.theme);
}

function switchView(view) {
  document.body.dataset.view = view;
  for (const button of document.querySelectorAll(".views button")) {
    button.setAttribute("aria-pressed", String(button.dataset.view === view));
  }
  // What was not to be seen could not be scrolled.
  if (view === "events") panel.timeline.toEnd();
}

document.querySelector("#theme").addEventListener("click", switchTheme);
for (const button of document.querySelectorAll(".views button")) {
  button.addEventListener("click", () => switchView(button.dataset.view));
}
addEventListener("resize", () => {
  if (open.length > mostOpen()) setOpen(keepActive(open, mostOpen()));
});

function keepActive(ids, most) {
  const others = ids.filter((id) => id !== active);
  const kept = new Set([active, ...others.slice(Math.max(0, others.length - most + 1))]);
  return ids.filter((id) => kept.has(id));
}

listen(hear, showConnection);
