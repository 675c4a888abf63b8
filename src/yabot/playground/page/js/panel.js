// Beside the chat: what the bot did for the active reader, and what it remembers of them.

import { api } from "./api.js";
import { Stored } from "./stored.js";
import { Timeline } from "./timeline.js";

// Events come in bunches, and the documents follow them: look when it is calm, and once more.
const LOOK_AFTER_MS = [120, 1200];
const RETRY_MS = 3000;

export class Panel {
  constructor(element) {
    this.element = element;
    this.timeline = new Timeline(element.querySelector("#timeline"));
    this.stored = new Stored(element.querySelector("#stored"));
    this.user = null;
    this.isBlind = true;
    this.timers = [];
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
    this.name(user);
    if (!isSame) this.timeline.clear();
    await Promise.all([this.loadEvents(user, isSame), this.loadState(user, isSame)]);
  }

  name(user) {
    this.user = user;
    for (const title of this.element.querySelectorAll("[data-reader]")) title.textContent = user.first_name;
  }

  // The readers as they are called now.
  rename(users) {
    const user = users.find((one) => one.id === this.user?.id);
    if (user) this.name(user);
  }

  hear(event) {
    if (!this.user || String(event.user_id) !== String(this.user.id)) return;
    this.timeline.add(event);
    this.stateMayHaveChanged();
  }

  stateMayHaveChanged() {
    this.lookAgain(LOOK_AFTER_MS, () => this.loadState(this.user, true));
  }

  lookAgain(delays, look) {
    for (const timer of this.timers) clearTimeout(timer);
    const isPossible = !this.isBlind && this.user;
    this.timers = isPossible ? delays.map((delay) => setTimeout(look, delay)) : [];
  }

  async loadEvents(user, isSame) {
    try {
      const events = await api.events(user.id);
      if (this.user.id === user.id) this.timeline.load(events, isSame);
    } catch {
      // The stored state, which comes from the same place, says what is wrong and tries again.
    }
  }

  async loadState(user, isSame) {
    try {
      const state = await api.state(user.id);
      if (this.user.id === user.id) this.stored.show(state, isSame);
    } catch (error) {
      if (this.user.id !== user.id) return;
      this.stored.say(error.message);
      this.lookAgain([RETRY_MS], () => this.follow(this.user));
    }
  }
}
