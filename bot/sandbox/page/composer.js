// Where a person writes: text, reply, edit, the bot's commands, the Start button of an empty chat.

import { fetchCommands } from "./api.js";
import { ATTACHMENTS } from "./attachments.js";
import { iconButton, make } from "./dom.js";
import { openMenu } from "./menus.js";
import { hueOfSender, nameOf, senderOf } from "./people.js";
import { summaryOf } from "./bubble.js";

const LONGEST = 4096; // UTF-16 units in one message; Telegram's own clients send a longer text as several.

/** Cut a text into messages of at most LONGEST units, at a line break or a space where one is near the end. */
export function splitText(text) {
  const parts = [];
  let rest = text;
  while (rest.length > LONGEST) {
    const head = rest.slice(0, LONGEST);
    const gap = Math.max(head.lastIndexOf("\n"), head.lastIndexOf(" "));
    let cut = gap > LONGEST * 0.75 ? gap + 1 : LONGEST;
    if (/[\ud800-\udbff]/.test(rest[cut - 1]) && /[\udc00-\udfff]/.test(rest[cut])) cut -= 1;
    parts.push(rest.slice(0, cut));
    rest = rest.slice(cut);
  }
  return [...parts, rest];
}

export class Composer {
  #mode = { kind: "write" };
  #again = false;
  #drafts = new Map();

  /**
   * `send(text, replyTo)` and `change(messageId, text)` must reject where it cannot be done, having said why;
   * `attach(content)` sends what is no text; `begin()` is the Start button, `unblock()` the one of a blocked bot;
   * `editLast()` is asked for by ArrowUp.
   */
  constructor({ send, attach, change, begin, unblock, editLast }) {
    Object.assign(this, { send, attach, change, begin, unblock, editLast });
    this.element = make("footer", { class: "composer" });
  }

  /** Show for a person in a chat; what was being written elsewhere is kept for that place. */
  show({ reader, chat, say }) {
    if (this.input) this.#drafts.set(this.place, this.input.value);
    Object.assign(this, { reader, chat, say, place: `${reader.id}:${chat.id}` });
    this.#mode = { kind: "write" };
    this.#build();
    this.input.value = this.#drafts.get(this.place) ?? "";
    this.#onInput();
  }

  #build() {
    const { say } = this;
    this.input = make("textarea", {
      rows: 1,
      dir: "auto",
      placeholder: say("write"),
      "aria-label": say("write"),
      enterkeyhint: "send",
      spellcheck: "false",
      on: { input: () => this.#onInput(), keydown: (event) => this.#onKey(event) },
    });
    this.bar = make("div", { class: "compose-bar", hidden: true });
    this.clip = iconButton("clip", say("attach"), () => this.#offerAttachments(), "clip");
    this.slash = iconButton("slash", say("commands"), () => this.#offerCommands(), "slash");
    this.sendButton = iconButton("send", say("send"), () => this.#submit(), "send");
    this.wide = make("button", { type: "button", class: "wide", hidden: true });
    this.row = make("div", { class: "compose-row" }, this.clip, this.input, this.slash, this.sendButton);
    this.slash.hidden = this.chat.id < 0;
    this.element.replaceChildren(this.bar, this.row, this.wide);
  }

  /** "write" for the text field, "start" for a chat nobody has begun, "blocked" for a blocked bot, "read" for none. */
  setState(state) {
    this.row.hidden = state !== "write";
    this.wide.hidden = state === "write" || state === "read";
    this.fit();
    if (this.wide.hidden) return;
    this.wide.textContent = this.say(state === "start" ? "start" : "restart");
    this.wide.onclick = state === "start" ? this.begin : this.unblock;
  }

  replyTo(message) {
    this.#setMode({ kind: "reply", message }, "reply");
  }

  edit(message) {
    this.#setMode({ kind: "edit", message }, "editing");
    this.input.value = message.text ?? message.caption ?? "";
    this.#onInput();
  }

  focus() {
    // On a touch screen the focus would open the keyboard over half the chat: there people press the field themselves.
    if (!this.row.hidden && matchMedia("(hover: hover)").matches) this.input.focus({ preventScroll: true });
  }

  #setMode(mode, heading) {
    this.#mode = mode;
    this.bar.hidden = mode.kind === "write";
    if (mode.kind === "write") return;
    const head = make("span", { class: "quote-name" });
    head.append(mode.kind === "edit" ? this.say(heading) : make("bdi", { text: nameOf(senderOf(mode.message)) }));
    const what = make(
      "div",
      { class: "quote" },
      head,
      make("span", { class: "quote-text", dir: "auto", text: summaryOf(mode.message, this.say) }),
    );
    what.style.setProperty("--hue", hueOfSender(senderOf(mode.message)));
    this.bar.replaceChildren(
      what,
      iconButton("close", this.say("cancel"), () => this.cancel()),
    );
    this.focus();
  }

  /** Neither reply nor edit any more; false when there was nothing to give up. */
  cancel() {
    if (this.#mode.kind === "write") return false;
    if (this.#mode.kind === "edit") this.input.value = "";
    this.#setMode({ kind: "write" });
    this.#onInput();
    this.focus();
    return true;
  }

  #onInput() {
    this.fit();
    this.sendButton.classList.toggle("ready", this.input.value.trim() !== "");
  }

  #onKey(event) {
    // An input method confirms its suggestion with Enter: that is no send.
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "Escape" && this.cancel()) {
      event.stopPropagation();
    } else if (event.key === "ArrowUp" && this.input.value === "") {
      event.preventDefault();
      this.editLast();
    }
  }

  /** Make the field as high as its text; call it again when it comes into view, for out of sight it has no height. */
  fit() {
    this.input.style.height = "auto";
    if (this.input.scrollHeight) this.input.style.height = `${this.input.scrollHeight}px`;
  }

  async #submit() {
    const text = this.input.value;
    if (!text.trim()) return;
    if (this.sending) {
      this.#again = true; // Whoever writes faster than it is sent need not press Enter twice.
      return;
    }
    const mode = this.#mode;
    this.sending = true;
    try {
      if (mode.kind === "edit") await this.change(mode.message.message_id, text.trim());
      else
        for (const part of splitText(text.trim()))
          await this.send(part, mode.kind === "reply" ? mode.message.message_id : null);
      if (this.input.value === text) this.input.value = "";
      this.#setMode({ kind: "write" });
      this.#onInput();
    } catch {
      // Whoever sends has told the person why; the words stay in the field to be sent again.
    } finally {
      this.sending = false;
      const next = this.#again && this.input.value !== text;
      this.#again = false;
      if (next) this.#submit();
      this.focus();
    }
  }

  async #offerCommands() {
    const commands = await fetchCommands(this.reader.id, this.chat.id).catch(() => []);
    if (!commands.length) {
      this.input.value = "/";
      this.#onInput();
      this.focus();
      return;
    }
    this.#offer(
      this.slash,
      commands.map(({ command, description }) => ({
        label: description,
        lead: make("span", { class: "menu-command", dir: "ltr", text: `/${command}` }),
        pick: () => this.send(`/${command}`, null).catch(() => {}),
      })),
    );
  }

  #offerAttachments() {
    this.#offer(
      this.clip,
      ATTACHMENTS.map(({ word, sign, content }) => ({
        label: this.say(word),
        lead: make("span", { class: "menu-sign", text: sign }),
        pick: () => this.attach(content()),
      })),
    );
  }

  #offer(anchor, items) {
    openMenu(anchor, items, {
      language: this.element.closest("[lang]")?.lang,
      direction: this.element.closest("[dir]")?.dir,
    });
  }
}
