// The two bars over a chat: who is played in this window, and whom they talk with.

import { icon, iconButton, make } from "./dom.js";
import { avatar, badge, chatAvatar, hueOf, nameOf, titleOf } from "./people.js";

/** Put `element` in the place of the one before it with the same part; null only takes that one away. */
function swap(host, part, element) {
  host.querySelector(`[data-part="${part}"]`)?.remove();
  if (!element) return;
  element.dataset.part = part;
  host.prepend(element);
}

export class PersonBar {
  /** `choose(anchor)` opens the choice of person. */
  constructor({ choose }) {
    this.name = make("bdi", { class: "person-name" });
    this.picker = make(
      "button",
      {
        type: "button",
        class: "person-picker",
        "aria-haspopup": "menu",
        on: { click: () => choose(this.picker) },
      },
      this.name,
      icon("down"),
    );
    this.language = make("span", { class: "person-language", dir: "ltr" });
    this.element = make("div", { class: "person-bar" }, this.picker, this.language);
  }

  show({ person, language, say }) {
    swap(this.picker, "picture", avatar(hueOf(person.id), nameOf(person), "tiny"));
    this.name.textContent = nameOf(person);
    this.picker.title = say("change");
    this.language.textContent = language;
  }
}

export class ChatBar {
  /** `list()` opens the list of chats, `menu(anchor)` what can be done in this one. */
  constructor({ list, menu }) {
    this.back = iconButton("back", "", list, "back");
    this.more = iconButton("more", "", () => menu(this.more), "chat-menu");
    this.title = make("bdi");
    this.status = make("p", { class: "chat-status", "aria-live": "polite" });
    this.picture = make("span", { class: "chat-picture" });
    this.element = make(
      "header",
      { class: "chat-bar" },
      this.back,
      this.picture,
      make("div", { class: "chat-words" }, make("h2", { class: "chat-title" }, this.title), this.status),
      this.more,
    );
  }

  /** `elsewhere` counts what waits unread in the person's other chats; `listing` says that their list is shown instead. */
  show({ chat, bot, status, live, elsewhere, listing, say }) {
    for (const [button, word] of [
      [this.back, "chats"],
      [this.more, "more"],
    ]) {
      button.setAttribute("aria-label", say(word));
      button.title = say(word);
    }
    for (const part of [this.back, this.picture, this.status, this.more]) part.hidden = listing;
    swap(this.back, "badge", badge(elsewhere));
    swap(this.picture, "picture", chatAvatar(chat, bot));
    setText(this.title, listing ? say("chats") : titleOf(chat, bot));
    setText(this.status, status);
    this.status.classList.toggle("live", live);
  }
}

// Writing the same words again would have a screen reader say them again.
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
