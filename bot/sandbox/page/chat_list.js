// The chats of one person, as a list to choose from: last words, time, unread marks.

import { make } from "./dom.js";
import { summaryOf } from "./bubble.js";
import { badge, chatAvatar, nameOf, senderOf, titleOf } from "./people.js";
import { clockTime } from "./words.js";

export class ChatList {
  /** `pick(chatId)` is called for the chat chosen. */
  constructor({ store, pick }) {
    this.store = store;
    this.pick = pick;
    this.element = make("ul", { class: "chat-list" });
  }

  /** Draw the chats of `reader`; the one with the id `current` is marked. */
  show({ reader, current, language, say }) {
    this.element.setAttribute("aria-label", say("chats"));
    const chats = this.store.chatsOf(reader.id);
    this.element.replaceChildren(...chats.map((chat) => this.#entry(chat, { reader, current, language, say })));
  }

  #entry(chat, { reader, current, language, say }) {
    const title = titleOf(chat, this.store.bot);
    const last = this.store.lastMessage(chat.id);
    const preview = last ? summaryOf(last, say) : say("empty");
    const speaker = last && (last.from?.id === reader.id ? say("you") : chat.id < 0 ? nameOf(senderOf(last)) : null);
    const line = make("span", { class: "entry-text", dir: "auto" });
    if (speaker) line.append(make("b", {}, make("bdi", { text: speaker }), ": "));
    line.append(preview);
    const entry = make(
      "button",
      {
        type: "button",
        class: `entry${chat.id === current ? " current" : ""}`,
        "aria-current": chat.id === current ? "true" : null,
        on: { click: () => this.pick(chat.id) },
      },
      chatAvatar(chat, this.store.bot),
      make(
        "span",
        { class: "entry-words" },
        make(
          "span",
          { class: "entry-head" },
          make("bdi", { class: "entry-title", text: title }),
          last ? make("time", { text: clockTime(last.date, language) }) : null,
        ),
        make("span", { class: "entry-foot" }, line, badge(this.store.unread(reader.id, chat.id))),
      ),
    );
    return make("li", {}, entry);
  }
}
