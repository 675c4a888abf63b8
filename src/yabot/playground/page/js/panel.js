// Beside the chat: what the bot did for the active reader, and what it remembers of them.

import { api } from "./api.js";
import { Stored } from "./stored.js";
import { Timeline } from "./timeline.js";

const SETTLE_MS = 120;

export class Panel {
  constructor(element) {
    this.element = element;
    this.timeline = new Timeline(element.querySelector("#timeline"));
    this.stored = new Stored(element.querySelector("#stored"));
    this.user = null;
    this.isBlind = true;
  }

  setBot({ can_be_inspected: canBeInspected }) {
    this.isBlind = !canBeInspected;
    document.body.classList.toggle("blind", this.isBlind);
    this.element.querySelector("#panel-note").hidden = !this.isBlind;
    for (const leaf of this.element.querySelectorAll(".leaf")) leaf.hidden = this.isBlind;
  }

  // Shows this reader, or shows them anew when they are shown already.
  async follow(user) {
    if (this.isBlind || !user) return;
    const isSame = this.user?.id === user.id;
    this.user = user;
    for (const title of this.element.querySelectorAll("[data-reader]")) title.textContent = user.first_name;
    if (!isSame) this.timeline.clear();
    await Promise.all([this.loadEvents(user, isSame), this.loadState(user, isSame)]);
  }

  hear(event) {
    if (!this.user || String(event.user_id) !== String(this.user.id)) return;
    this.timeline.add(event);
    this.stateMayHaveChanged();
  }

  // Several events of one cause come at once, and the documents follow them: look when it is calm.
  stateMayHaveChanged() {
    clearTimeout(this.timer);
    const user = this.user;
    if (!this.isBlind && user) this.timer = setTimeout(() => this.loadState(user, true), SETTLE_MS);
  }

  async loadEvents(user, isSame) {
    try {
      const events = await api.events(user.id);
      if (this.user.id === user.id) this.timeline.load(events, isSame);
    } catch {
      // The stream brings what happens from now on; the state beside it tells what is wrong.
    }
  }

  async loadState(user, isSame) {
    try {
      const state = await api.state(user.id);
      if (this.user.id === user.id) this.stored.show(state, isSame);
    } catch (error) {
      if (this.user.id === user.id) this.stored.say(error.message);
    }
  }
}
