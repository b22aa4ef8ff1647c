// One window: one person, their chats, and one of these open.

import * as api from "./api.js";
import { ChatBar, PersonBar } from "./bars.js";
import { ChatList } from "./chat_list.js";
import { Composer } from "./composer.js";
import { make, oncePerFrame } from "./dom.js";
import { alertDialog, openMenu, toast } from "./menus.js";
import { MessageList } from "./message_list.js";
import { hueOf, nameOf, titleOf } from "./people.js";
import { directionOf, languageOf, speaker } from "./words.js";

const QUICK_REACTIONS = ["👍", "❤", "🔥", "😁", "🤔", "👎"];

export class ChatWindow {
  /**
   * A window on `store`; shows nothing until `show`. `choosePerson(anchor)` opens the choice of who is played here; `moved()`
   * tells that another chat is open.
   */
  constructor({ store, choosePerson, moved }) {
    Object.assign(this, { store, moved });
    const act = {
      press: (message, data) => this.#press(message, data),
      start: (payload) => this.start(payload),
      command: (text) => this.#send(text, null).catch(() => {}),
      jump: (messageId) => this.messages.jump(messageId) || toast(this.element, this.say("gone")),
      menu: (anchor, message) => this.#messageMenu(anchor, message),
      reply: (message) => this.composer.replyTo(message),
      react: (message, emoji) => this.#react(message, emoji),
      copied: () => toast(this.element, this.say("copied")),
    };
    this.messages = new MessageList({ store, act });
    this.chats = new ChatList({ store, pick: (chatId) => this.show(this.personId, chatId, { focus: true }) });
    this.composer = new Composer({
      send: (text, replyTo) => this.#send(text, replyTo),
      attach: (content) =>
        this.#try(() =>
          api.give({ message: { from: { id: this.personId }, chat: { id: this.chatId }, ...content } }),
        ).catch(() => {}),
      change: (messageId, text) => this.#try(() => api.edit(this.personId, this.chatId, messageId, text)),
      begin: () => this.start(""),
      unblock: () =>
        this.#try(async () => {
          await api.unblock(this.personId);
          await this.start("");
        }).catch(() => {}),
      editLast: () => this.#editLast(),
    });
    this.personBar = new PersonBar({ choose: choosePerson });
    this.chatBar = new ChatBar({ list: () => this.#list(), menu: (anchor) => this.#chatMenu(anchor) });
    this.drawSoon = oncePerFrame(() => this.ready && this.#drawBars());
    this.element = make(
      "section",
      { class: "window" },
      this.personBar.element,
      this.chatBar.element,
      this.messages.element,
      this.chats.element,
      this.composer.element,
    );
    this.store.addEventListener("change", (change) => this.#onChange(change));
  }

  /** Play this person here, in this chat (their private one by default). */
  async show(personId, chatId = personId, { focus = false } = {}) {
    const moved = this.personId !== personId || this.chatId !== chatId;
    const { store } = this;
    // A group somebody has left is remembered by an old address or visit, but is not theirs to read.
    if (!store.chatsOf(personId).some((chat) => chat.id === chatId)) chatId = personId;
    Object.assign(this, { personId, chatId, listing: false, ready: false });
    this.person = store.people.get(personId) ?? { id: personId, first_name: `#${personId}` };
    this.language = languageOf(this.person);
    this.say = speaker(this.language);
    Object.assign(this.element, { lang: this.language, dir: directionOf(this.language) });
    Object.assign(this.element.dataset, { person: personId, chat: chatId });
    this.element.style.setProperty("--person", hueOf(personId));
    this.element.setAttribute("aria-label", nameOf(this.person));
    await this.#loadChats();
    if (this.personId !== personId || this.chatId !== chatId) return; // Another choice was made meanwhile.
    const { person: reader, language, say } = this;
    this.messages.show({ reader, chat: this.#chat(), language, say });
    this.composer.show({ reader, chat: this.#chat(), say });
    this.ready = true;
    this.#drawBars();
    if (focus) this.composer.focus();
    if (moved) this.moved();
  }

  async #loadChats() {
    const missing = this.store.chatsOf(this.personId).filter((chat) => !this.store.isLoaded(chat.id));
    // Where it fails the stream is cut as well: coming back loads and redraws.
    await Promise.all(missing.map((chat) => this.store.load(chat.id).catch(() => {})));
  }

  #chat() {
    return this.store.chats.get(this.chatId) ?? { id: this.chatId, type: "private", members: [] };
  }

  /** Start the bot as this person, as the Start button and `?start=` links do. Never rejects: a failure is shown. */
  async start(payload) {
    if (this.chatId !== this.personId) await this.show(this.personId);
    await this.#send(payload ? `/start ${payload}` : "/start", null).catch(() => {});
  }

  /** The window has come into view. */
  seen() {
    if (!this.ready) return;
    this.composer.fit();
    if (!this.listing) this.messages.seen();
  }

  #onChange({ kind, chatId, messageId }) {
    if (!this.ready) return null;
    if (kind === "people") return this.#onPeople();
    if (chatId === this.chatId) {
      if (kind === "message") this.messages.update(messageId);
      else if (kind === "deleted") this.messages.remove(messageId);
      else if (kind === "chat") this.messages.redraw();
    }
    this.drawSoon();
    return null;
  }

  async #onPeople() {
    this.person = this.store.people.get(this.personId) ?? this.person;
    if (this.chatId < 0 && !this.store.chatsOf(this.personId).some((chat) => chat.id === this.chatId))
      return this.show(this.personId);
    await this.#loadChats();
    this.drawSoon();
    return null;
  }

  #drawBars() {
    const { person, chatId, store, say } = this;
    this.element.classList.toggle("listing", this.listing);
    if (this.listing) this.chats.show({ reader: person, current: chatId, language: this.language, say });
    const empty = store.isLoaded(chatId) && !store.lastMessage(chatId);
    this.messages.element.classList.toggle("empty", empty);
    this.messages.element.dataset.intro = say(chatId > 0 ? "intro" : "empty");
    this.composer.setState(this.#composing({ empty }));
    this.personBar.show({ person, language: this.language, say });
    this.#drawChatBar();
  }

  #drawChatBar() {
    const { chatId, listing, store, say } = this;
    const others = store.chatsOf(this.personId).filter((other) => other.id !== chatId);
    const elsewhere = others.reduce((sum, other) => sum + store.unread(this.personId, other.id), 0);
    const chat = this.#chat();
    this.chatBar.show({
      chat,
      bot: store.bot,
      status: this.#status(chat),
      live: store.isTyping(chatId),
      elsewhere,
      listing,
      say,
    });
  }

  #status(chat) {
    if (this.store.line !== "online") return this.say("connecting");
    if (this.store.isTyping(chat.id)) return this.say("typing");
    return chat.id > 0 ? this.say("bot") : this.say("members", { n: chat.members.length });
  }

  #composing({ empty }) {
    if (this.chatId < 0) return this.store.chats.get(this.chatId)?.type === "channel" ? "read" : "write";
    return this.person.blocked ? "blocked" : empty ? "start" : "write";
  }

  #list() {
    this.listing = true;
    this.#drawBars();
    this.chats.element.querySelector("button")?.focus();
  }

  #chatMenu(anchor) {
    const { say, person } = this;
    const own = this.chatId > 0;
    const items = [
      own && !person.blocked
        ? {
            icon: "block",
            label: say("block"),
            danger: true,
            pick: () => this.#try(() => api.block(person.id)).catch(() => {}),
          }
        : null,
      own && person.blocked
        ? { icon: "check", label: say("unblock"), pick: () => this.#try(() => api.unblock(person.id)).catch(() => {}) }
        : null,
      ...this.store.groupsWithout(person.id).map((group) => ({
        icon: "join",
        label: say("join", { name: group.title }),
        pick: () => this.#try(() => api.join(group.id, person.id)).catch(() => {}),
      })),
      own
        ? null
        : {
            icon: "leave",
            label: say("leave"),
            danger: true,
            pick: () => this.#try(() => api.leave(this.chatId, person.id)).catch(() => {}),
          },
    ];
    openMenu(anchor, items, { language: this.language, direction: this.element.dir });
  }

  #messageMenu(anchor, message) {
    const { say } = this;
    const text = message.text ?? message.caption;
    const menu = openMenu(
      anchor,
      [
        { icon: "reply", label: say("reply"), pick: () => this.composer.replyTo(message) },
        message.from?.id === this.personId && text
          ? { icon: "edit", label: say("edit"), pick: () => this.composer.edit(message) }
          : null,
        text
          ? {
              icon: "copy",
              label: say("copy"),
              pick: () => navigator.clipboard?.writeText(text).then(() => toast(this.element, say("copied"))),
            }
          : null,
      ],
      {
        language: this.language,
        direction: this.element.dir,
        head: make(
          "div",
          { class: "quick-reactions" },
          ...QUICK_REACTIONS.map((emoji) =>
            make("button", {
              type: "button",
              text: emoji,
              "aria-label": say("reactions", { emoji }),
              on: {
                click: () => {
                  menu.hidePopover();
                  this.#react(message, emoji);
                },
              },
            }),
          ),
        ),
      },
    );
  }

  #editLast() {
    const own = this.store
      .messages(this.chatId)
      .filter((message) => message.from?.id === this.personId && message.text);
    if (own.length) this.composer.edit(own.at(-1));
  }

  #send(text, replyTo) {
    return this.#try(() => api.write(this.personId, this.chatId, text, replyTo));
  }

  // The same reaction again takes it back, as in Telegram.
  #react(message, emoji) {
    const given = this.store.reactions(this.chatId, message.message_id)[emoji] ?? [];
    const wanted = given.includes(this.personId) ? null : emoji;
    return this.#try(() => api.react(this.personId, this.chatId, message.message_id, wanted)).catch(() => {});
  }

  async #press(message, data) {
    const { answer } = await this.#try(() => api.press(this.personId, this.chatId, message.message_id, data)).catch(
      () => ({ answer: null }),
    );
    if (!answer?.text) return;
    if (!answer.show_alert) toast(this.element, answer.text);
    else {
      alertDialog(this.element, answer.text, {
        title: titleOf(this.store.chats.get(this.personId) ?? { id: this.personId }, this.store.bot),
        ok: this.say("ok"),
        language: this.language,
        direction: this.element.dir,
      });
    }
  }

  // Whatever fails is told in the window it was tried in.
  async #try(work) {
    try {
      return await work();
    } catch (error) {
      toast(this.element, error.message, { failed: true });
      throw error;
    }
  }
}
