// Where the reader writes: draft, commands, reply keyboard.

import { ICONS, arrowKeys, h, icon } from "./dom.js";
import { memory } from "./memory.js";

export class Composer {
  // `share` takes a file and what is written beside it; without it there is no clip.
  constructor(userId, send, share) {
    this.userId = userId;
    this.share = share;
    this.send = send;
    this.commands = [];
    this.chosen = 0;
    this.box = h("textarea", {
      rows: 1,
      maxLength: 4096,
      value: memory.draft(userId),
      placeholder: "Write a message",
      "aria-label": "Message",
      "aria-autocomplete": "list",
    });
    this.menu = h("ul", { className: "commands", role: "listbox", hidden: true, id: `commands-${userId}`, "aria-label": "Commands" });
    this.menuButton = h(
      "button",
      { className: "icon-button", type: "button", "aria-label": "Commands", "aria-expanded": "false", onclick: () => this.toggleMenu() },
      icon(ICONS.menu),
    );
    this.replies = h("div", { className: "reply-keyboard", role: "group", "aria-label": "Suggested answers", hidden: true });
    this.form = h(
      "form",
      { className: "composer" },
      this.menu,
      this.menuButton,
      ...(share ? this.clip() : []),
      this.box,
      h("button", { className: "send", type: "submit", "aria-label": "Send" }, icon(ICONS.send)),
    );
    this.element = h("div", { className: "composer-frame" }, this.replies, this.form);
    this.listen();
  }

  clip() {
    const input = h("input", { type: "file", hidden: true, "aria-label": "File to send" });
    input.addEventListener("change", () => {
      if (input.files.length) this.share(input.files[0], this.box.value.trim());
      input.value = "";
    });
    const button = { className: "icon-button", type: "button", "aria-label": "Send a file", onclick: () => input.click() };
    return [input, h("button", button, icon(ICONS.clip))];
  }

  listen() {
    this.box.setAttribute("aria-controls", this.menu.id);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.box.addEventListener("input", () => {
      memory.setDraft(this.userId, this.box.value);
      this.grow();
      this.showMenu(/^\/\w*$/.test(this.box.value));
    });
    this.box.addEventListener("keydown", (event) => this.onKey(event));
    this.form.addEventListener("focusout", (event) => {
      if (!this.form.contains(event.relatedTarget)) this.showMenu(false);
    });
    this.replies.addEventListener("keydown", (event) => arrowKeys(event, [...this.replies.querySelectorAll("button")]));
  }

  onKey(event) {
    if (event.isComposing) return;
    if (!this.menu.hidden && this.onMenuKey(event)) event.preventDefault();
    else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.submit();
    }
  }

  onMenuKey(event) {
    const shown = this.matching();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.chosen = (this.chosen + step + shown.length) % shown.length;
      this.drawMenu();
      return true;
    }
    if (event.key === "Escape") {
      this.showMenu(false);
      return true;
    }
    if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey)) {
      this.choose(shown[this.chosen]);
      return true;
    }
    return false;
  }

  submit() {
    const text = this.box.value.trim();
    if (text) this.send(text);
  }

  // The text is taken away only when it has been sent.
  clear(sent) {
    if (this.box.value.trim() !== sent) return;
    this.box.value = "";
    memory.forgetDraft(this.userId);
    this.grow();
    this.showMenu(false);
  }

  grow() {
    this.box.style.height = "auto";
    this.box.style.height = `${Math.min(this.box.scrollHeight, 180)}px`;
  }

  setCommands(commands) {
    this.commands = commands;
    this.menuButton.hidden = !commands.length;
    if (!this.menu.hidden) this.drawMenu();
  }

  setReplyKeyboard(markup) {
    const rows = markup?.keyboard ?? [];
    this.box.placeholder = markup?.input_field_placeholder || "Write a message";
    this.replies.hidden = !rows.length;
    this.replies.replaceChildren(
      ...rows.map((row) =>
        h("div", { className: "row" }, row.map((button) =>
          h("button", { type: "button", onclick: () => this.send(button.text) }, button.text))),
      ),
    );
  }

  toggleMenu() {
    this.showMenu(this.menu.hidden);
    this.box.focus();
  }

  showMenu(isWanted) {
    this.menu.hidden = !isWanted || !this.matching().length;
    this.menuButton.setAttribute("aria-expanded", String(!this.menu.hidden));
    this.chosen = 0;
    this.drawMenu();
  }

  matching() {
    const typed = this.box.value;
    return this.commands.filter(({ command }) => !typed.startsWith("/") || `/${command}`.startsWith(typed));
  }

  drawMenu() {
    const shown = this.menu.hidden ? [] : this.matching();
    this.menu.replaceChildren(...shown.map((command, at) => this.option(command, at)));
    if (shown.length) this.box.setAttribute("aria-activedescendant", `${this.menu.id}-${this.chosen}`);
    else this.box.removeAttribute("aria-activedescendant");
  }

  option(command, at) {
    const props = {
      id: `${this.menu.id}-${at}`,
      role: "option",
      "aria-selected": String(at === this.chosen),
      onmousedown: (event) => event.preventDefault(),
      onclick: () => this.choose(command),
    };
    return h("li", props, h("b", {}, `/${command.command}`), h("span", {}, command.description));
  }

  choose({ command }) {
    this.showMenu(false);
    // What was typed to find the command goes with it; any other draft stays.
    if (this.box.value.startsWith("/")) this.box.value = `/${command}`;
    this.send(`/${command}`);
  }
}
