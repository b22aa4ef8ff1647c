// A newcomer's first steps, shown until they are done or waved away.

import { iconButton, make } from "./dom.js";

const KEY = "baithak.sandbox.hint";
const STEPS = ["Press Start", "Choose a language", "A story comes: press Comment", "Write your comment, and watch"];

export class Hint {
  /** Shows itself on a first visit, and marks what the furthest of the people in view (`inView`: their ids) has done. */
  constructor({ element, store, inView }) {
    Object.assign(this, { element, store, inView });
    this.steps = STEPS.map((text, index) => make("li", { text, data: { step: index + 1 } }));
    element.append(
      make("ol", {}, ...this.steps),
      iconButton("close", "Hide the first steps", () => this.#close()),
    );
    element.hidden = this.#seen();
    store.addEventListener("change", ({ kind }) => {
      if (kind === "message" || kind === "chat") this.mark();
    });
  }

  /** Show the steps again, or put them away. */
  toggle() {
    if (this.element.hidden) this.element.hidden = false;
    else this.#close();
  }

  /** Look again at how far they have come. */
  mark() {
    if (this.element.hidden) return;
    const done = Math.max(...this.inView().map((id) => this.#progress(id)), 0);
    this.steps.forEach((step, index) => {
      step.classList.toggle("done", index < done);
      step.toggleAttribute("aria-current", index === done);
    });
    if (done === STEPS.length) this.#close();
  }

  // How far one reader has come, read off their private chat.
  #progress(personId) {
    const messages = this.store.messages(personId);
    const own = messages.filter((message) => message.from?.id === personId);
    if (!own.length) return 0;
    const asks = (prefix) =>
      messages.some((message) =>
        message.reply_markup?.inline_keyboard?.flat().some((button) => button.callback_data?.startsWith(prefix)),
      );
    // What became of a comment is written into the answer it got at first; other answers stay as they are.
    const answered = messages.filter((message) => message.edit_date).map((message) => message.reply_to_message?.message_id);
    if (own.some((message) => message.text && answered.includes(message.message_id))) return 4;
    return asks("comment:") ? 2 : 1;
  }

  #seen() {
    try {
      return localStorage.getItem(KEY) === "seen";
    } catch {
      return false;
    }
  }

  #close() {
    this.element.hidden = true;
    try {
      localStorage.setItem(KEY, "seen");
    } catch {
      // Storage refused: the steps are shown again next time.
    }
  }
}
