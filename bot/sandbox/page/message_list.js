// The messages of one chat as one person sees them: order, groups, days, where the reader has scrolled to.

import { drawMessage } from "./bubble.js";
import { iconButton, make } from "./dom.js";
import { badge, senderAvatar, senderOf } from "./people.js";
import { dayName } from "./words.js";

const PAGE = 80; // Messages drawn at first, and added each time the reader scrolls up to the beginning.
const GROUP_S = 300; // Messages of one sender this close together share one tail and one name.
const NEAR_PX = 80; // This close to the end counts as reading the end.
const REST_MS = 1500; // So long after the last scrolling the day that floats over the messages goes.
const HOLD_MS = 450; // A finger held this long on a message opens its menu.

export class MessageList {
  #shown = PAGE;
  #atEnd = true;
  #unreadFrom = 0;
  #resting = 0;
  #rows = new Map();

  /** `act` is what a press in a message does (see drawMessage). Draws nothing until `show`. */
  constructor({ store, act }) {
    this.store = store;
    this.act = act;
    this.list = make("ol", { class: "messages", role: "log" });
    this.scroller = make("div", { class: "scroller", tabindex: "-1" }, this.list);
    this.element = make("div", { class: "stage" }, this.scroller);
    this.scroller.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    // Pictures and fonts arrive late and push the end away; a reader at the end stays there.
    const follow = new ResizeObserver(() => {
      if (this.#atEnd) this.toEnd();
    });
    follow.observe(this.list);
    follow.observe(this.scroller);
    this.#listenToPointers();
  }

  /** Show a chat as `reader` sees it, from its end; it may be another one than before. */
  show({ reader, chat, language, say }) {
    Object.assign(this, { reader, chat, language, say });
    this.#shown = PAGE;
    this.#atEnd = true;
    this.#unreadFrom = this.store.unread(reader.id, chat.id) ? this.#firstUnread() : 0;
    this.endButton?.remove();
    this.endButton = iconButton("down", say("latest"), () => this.toEnd(), "to-end");
    this.endButton.hidden = true;
    this.element.append(this.endButton);
    this.list.setAttribute("aria-label", say("chats"));
    this.redraw();
    this.toEnd();
  }

  #firstUnread() {
    const count = this.store.unread(this.reader.id, this.chat.id);
    const others = this.store.messages(this.chat.id).filter((message) => message.from?.id !== this.reader.id);
    // With everything unread the line would only say that the chat is new.
    return others.length > count ? others.at(-count).message_id : 0;
  }

  /** Draw all again, keeping the place. */
  redraw() {
    this.#rows.clear();
    this.list.replaceChildren();
    for (const message of this.store.messages(this.chat.id).slice(-this.#shown)) this.#append(message);
    this.list.classList.toggle("settled", false);
    requestAnimationFrame(() => this.list.classList.add("settled"));
    if (this.#atEnd) this.toEnd();
    this.#noteReading();
    this.#showDay();
  }

  /** A message came or changed. */
  update(messageId) {
    const message = this.store.message(this.chat.id, messageId);
    const old = this.#rows.get(messageId);
    if (!message) return;
    if (old) this.#replace(old, message);
    else if (!this.#lastRow() || Number(this.#lastRow().dataset.id) < messageId) this.#append(message);
    else this.redraw();
    if (!old && message.from?.id === this.reader.id) this.#atEnd = true;
    if (this.#atEnd) this.toEnd();
    this.#noteReading();
  }

  /** A message is gone. */
  remove(messageId) {
    const row = this.#rows.get(messageId);
    if (!row) return;
    this.#rows.delete(messageId);
    const before = row.previousElementSibling;
    const after = row.nextElementSibling;
    row.remove();
    if (before?.matches(".day") && !after?.matches(".row")) before.remove();
    [before, after].forEach((neighbour) => neighbour && this.#group(neighbour));
  }

  #draw(message) {
    const { reader, language, say, act } = this;
    const reactions = this.store.reactions(this.chat.id, message.message_id);
    const row = drawMessage(message, { reader, reactions, language, say, act });
    row.dataset.date = message.date;
    if (this.chat.id < 0 && row.classList.contains("other")) row.prepend(senderAvatar(senderOf(message), "small"));
    this.#rows.set(message.message_id, row);
    return row;
  }

  #append(message) {
    const day = dayName(message.date, this.language);
    const last = this.#lastRow();
    if (!last || dayName(Number(last.dataset.date), this.language) !== day) {
      this.list.append(make("li", { class: "day" }, make("span", { class: "pill", text: day })));
    }
    if (message.message_id === this.#unreadFrom) {
      this.list.append(make("li", { class: "unread-line" }, make("span", { text: this.say("unread") })));
    }
    const row = this.#draw(message);
    this.list.append(row);
    this.#group(row);
    if (last) this.#group(last);
    if (message.from?.is_bot) this.#markAnswered();
  }

  #replace(old, message) {
    const revealed = [...old.querySelectorAll(".spoiler")].map((spoiler) => spoiler.classList.contains("open"));
    const focused = old.contains(document.activeElement);
    const row = this.#draw(message);
    row.classList.toggle("answered", old.classList.contains("answered"));
    [...row.querySelectorAll(".spoiler")].forEach((spoiler, index) =>
      spoiler.classList.toggle("open", revealed[index] ?? false),
    );
    row.classList.add("changed");
    old.replaceWith(row);
    this.#group(row);
    // The pressed button is gone with the old keyboard; the next Tab should go on from here, not from the page's top.
    if (focused)
      (row.querySelector(".key:not([disabled])") ?? row.querySelector(".tool"))?.focus({ preventScroll: true });
  }

  #group(row) {
    if (!row.matches(".row")) return;
    const joins = (one, other) =>
      one?.matches(".row:not(.service)") &&
      other?.matches(".row:not(.service)") &&
      one.dataset.from === other.dataset.from &&
      Math.abs(one.dataset.date - other.dataset.date) < GROUP_S;
    row.classList.toggle("first", !joins(row.previousElementSibling, row));
    row.classList.toggle("last", !joins(row, row.nextElementSibling));
  }

  // In a private chat what the bot says shows that it read everything before.
  #markAnswered() {
    if (this.chat.id < 0) return;
    this.list.querySelectorAll(".row.own:not(.answered)").forEach((row) => row.classList.add("answered"));
  }

  #lastRow() {
    return this.list.lastElementChild?.matches(".row") ? this.list.lastElementChild : null;
  }

  /** Go to the newest message. */
  toEnd() {
    this.#atEnd = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#noteReading();
  }

  /** Go to a message and let it shine for a moment; false when it is not here any more. */
  jump(messageId) {
    if (!this.#rows.has(messageId) && this.store.message(this.chat.id, messageId)) {
      this.#shown = Infinity;
      this.#atEnd = false;
      this.redraw();
    }
    const row = this.#rows.get(messageId);
    if (!row) return false;
    row.scrollIntoView({
      block: "center",
      behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth",
    });
    row.classList.remove("shining");
    requestAnimationFrame(() => row.classList.add("shining"));
    return true;
  }

  // The day floats at the top while one scrolls; at rest it would cover the words below it.
  #showDay() {
    clearTimeout(this.#resting);
    this.list.querySelectorAll(".day.away").forEach((day) => day.classList.remove("away"));
    this.#resting = setTimeout(() => {
      for (const day of this.list.querySelectorAll(".day")) {
        const below = day.nextElementSibling?.getBoundingClientRect().top ?? Infinity;
        day.classList.toggle("away", below < day.getBoundingClientRect().bottom - 1);
      }
    }, REST_MS);
  }

  #onScroll() {
    this.#showDay();
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    if (scrollTop < NEAR_PX && this.store.messages(this.chat.id).length > this.#shown) this.#showEarlier();
    this.#noteReading();
  }

  #showEarlier() {
    const before = this.scroller.scrollHeight - this.scroller.scrollTop;
    this.#shown += PAGE;
    this.redraw();
    this.scroller.scrollTop = this.scroller.scrollHeight - before;
  }

  #noteReading() {
    if (!this.endButton) return;
    const visible = this.element.offsetParent !== null && document.visibilityState === "visible";
    if (this.#atEnd && visible) this.store.markRead(this.reader.id, this.chat.id);
    this.endButton.hidden = this.#atEnd;
    this.endButton.querySelector(".badge")?.remove();
    const count = badge(this.store.unread(this.reader.id, this.chat.id));
    if (count) this.endButton.append(count);
  }

  /** The window came into view, or the page did: what is at its end has now been read. */
  seen() {
    this.#noteReading();
  }

  #messageAt(event) {
    const row = event.target.closest?.(".bubble") ? event.target.closest(".row") : null;
    return row ? this.store.message(this.chat.id, Number(row.dataset.id)) : null;
  }

  #listenToPointers() {
    let held = null;
    const openMenu = (event) => {
      const message = this.#messageAt(event);
      if (!message || event.target.closest("a") || getSelection()?.toString()) return;
      event.preventDefault();
      this.act.menu({ getBoundingClientRect: () => new DOMRect(event.clientX, event.clientY, 0, 0) }, message);
    };
    this.list.addEventListener("contextmenu", openMenu);
    this.list.addEventListener("dblclick", (event) => {
      const message = this.#messageAt(event);
      if (!message || event.target.closest("a, button, .spoiler")) return;
      getSelection()?.removeAllRanges();
      this.act.react(message, "👍");
    });
    this.list.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "touch") held = setTimeout(() => openMenu(event), HOLD_MS);
    });
    for (const end of ["pointerup", "pointercancel", "pointermove"])
      this.list.addEventListener(end, () => clearTimeout(held));
  }
}
