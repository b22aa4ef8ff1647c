// What the page knows: people, chats, messages, who has read what. The server is the truth; this is a copy kept fresh
// by its events. It never draws: views listen to "change" and read.

import * as api from "./api.js";

const READ_KEY = "baithak.sandbox.read";
const SETTLE_MS = 60;
const INSIDE = new Set(["creator", "administrator", "member", "restricted"]);
const TYPING_MS = 5500; // Telegram shows an action for five seconds or until a message comes.

/** One change; `kind` says of what: people (and chats), chat (all its messages), message, deleted, typing, read, line. */
export class Change extends Event {
  constructor(kind, chatId = null, messageId = null) {
    super("change");
    Object.assign(this, { kind, chatId, messageId });
  }
}

export class Store extends EventTarget {
  people = new Map();
  chats = new Map();
  /** Whether the server's events reach us: "online" or "connecting". */
  line = "connecting";
  /** The bot as a Bot API User, null where no group shows it. */
  bot = null;
  #messages = new Map();
  #loaded = new Set();
  #reactions = new Map();
  #loading = new Map();
  #typing = new Map();
  #soon = null;
  #read = loadRead();

  /** Fetch everything again: at the start, and after each time the events were cut off. Raises Refused. */
  async refresh() {
    await this.#fetchPeople();
    this.#forgetLostChats();
    await Promise.all([...this.#loaded].map((chatId) => this.load(chatId)));
  }

  // A server started on an empty directory counts messages from one again: old marks would hide them.
  #forgetLostChats() {
    for (const chatId of this.#loaded) if (!this.chats.has(chatId)) this.#loaded.delete(chatId);
    for (const chatId of this.#messages.keys()) if (!this.#loaded.has(chatId)) this.#messages.delete(chatId);
    for (const [key, messageId] of Object.entries(this.#read)) {
      const chat = this.chats.get(Number(key.split(":")[1]));
      if (messageId > (chat?.last_message_id ?? 0)) delete this.#read[key];
    }
  }

  /** Fetch all messages of a chat. Events that come meanwhile are applied after, so nothing is lost. Raises Refused. */
  async load(chatId) {
    if (this.#loading.has(chatId)) return this.#loading.get(chatId).done;
    const late = [];
    const done = (async () => {
      try {
        const messages = await api.fetchMessages(chatId);
        this.#loaded.add(chatId);
        this.#messages.set(chatId, new Map(messages.map((message) => [message.message_id, message])));
        this.#reactions.set(chatId, new Map(messages.map(({ message_id: id, reactions }) => [id, reactions ?? {}])));
      } finally {
        this.#loading.delete(chatId);
      }
      this.#tell("chat", chatId);
      late.forEach((event) => this.take(event));
    })();
    this.#loading.set(chatId, { done, late });
    return done;
  }

  /** Take one event of the server's stream. Taking it twice changes nothing. */
  take(event) {
    const chatId = event.chat_id ?? null;
    const loading = this.#loading.get(chatId);
    if (loading && ["message", "edited", "deleted", "reaction"].includes(event.kind)) loading.late.push(event);
    else if (event.kind === "message" || event.kind === "edited") this.keep(event.message);
    else if (event.kind === "reaction") this.#keepReactions(chatId, event.message_id, event.reactions);
    else if (event.kind === "deleted") this.#drop(chatId, event.message_id);
    else if (event.kind === "action") this.#startTyping(chatId);
    else if (event.kind === "user" || event.kind === "members") this.#refreshPeople();
  }

  /** Keep a message, new or changed. */
  keep(message) {
    const chatId = message.chat.id;
    if (!this.chats.has(chatId)) this.#refreshPeople();
    if (!this.#messages.has(chatId)) this.#messages.set(chatId, new Map());
    const messages = this.#messages.get(chatId);
    const isNew = !messages.has(message.message_id);
    messages.set(message.message_id, message);
    if (isNew) this.#putInOrder(chatId, message);
    this.#tell("message", chatId, message.message_id);
  }

  #putInOrder(chatId, message) {
    const chat = this.chats.get(chatId);
    if (chat && !(chat.last_message_id > message.message_id)) chat.last_message_id = message.message_id;
    else this.#messages.set(chatId, new Map([...this.#messages.get(chatId)].sort(([a], [b]) => a - b)));
    if (message.from?.is_bot) this.#stopTyping(chatId);
  }

  #drop(chatId, messageId) {
    if (this.#messages.get(chatId)?.delete(messageId)) this.#tell("deleted", chatId, messageId);
  }

  #keepReactions(chatId, messageId, reactions) {
    if (!this.#reactions.has(chatId)) this.#reactions.set(chatId, new Map());
    this.#reactions.get(chatId).set(messageId, reactions);
    this.#tell("message", chatId, messageId);
  }

  async #fetchPeople() {
    const [people, chats] = await Promise.all([api.fetchPeople(), api.fetchChats()]);
    this.people = new Map(people.map((person) => [person.id, person]));
    this.chats = new Map(
      chats.map((chat) => [chat.id, { ...chat, members: chat.members.filter(({ status }) => INSIDE.has(status)) }]),
    );
    this.bot = chats.flatMap((chat) => chat.members.map(({ user }) => user)).find((user) => user.is_bot) ?? null;
    this.#tell("people");
  }

  // Many changes of people come at once (a program adds hundreds): one fetch then serves them all.
  #refreshPeople() {
    clearTimeout(this.#soon);
    // If it fails the stream is cut too, and coming back fetches all.
    this.#soon = setTimeout(() => this.#fetchPeople().catch(() => {}), SETTLE_MS);
  }

  #startTyping(chatId) {
    clearTimeout(this.#typing.get(chatId));
    this.#typing.set(
      chatId,
      setTimeout(() => this.#stopTyping(chatId), TYPING_MS),
    );
    this.#tell("typing", chatId);
  }

  #stopTyping(chatId) {
    clearTimeout(this.#typing.get(chatId));
    if (this.#typing.delete(chatId)) this.#tell("typing", chatId);
  }

  isTyping(chatId) {
    return this.#typing.has(chatId);
  }

  isLoaded(chatId) {
    return this.#loaded.has(chatId);
  }

  /** The messages of a chat, oldest first; empty until it is loaded. */
  messages(chatId) {
    return [...(this.#messages.get(chatId)?.values() ?? [])];
  }

  message(chatId, messageId) {
    return this.#messages.get(chatId)?.get(messageId) ?? null;
  }

  /** Who reacted to a message: {emoji: [ids]}. */
  reactions(chatId, messageId) {
    return this.#reactions.get(chatId)?.get(messageId) ?? {};
  }

  lastMessage(chatId) {
    let last = null;
    for (const message of this.#messages.get(chatId)?.values() ?? []) last = message;
    return last;
  }

  /** The chats a person is in, the private one first; that one is there even before its first message. */
  chatsOf(personId) {
    const own = this.chats.get(personId) ?? { id: personId, type: "private", members: [], last_message_id: 0 };
    const groups = [...this.chats.values()].filter((chat) => chat.id < 0 && isMember(chat, personId));
    return [own, ...groups];
  }

  /** The groups a person could join. */
  groupsWithout(personId) {
    return [...this.chats.values()].filter((chat) => chat.id < 0 && !isMember(chat, personId));
  }

  /** Note that a person has seen a chat to its end. */
  markRead(personId, chatId) {
    const last = this.lastMessage(chatId)?.message_id ?? 0;
    const key = `${personId}:${chatId}`;
    if ((this.#read[key] ?? 0) >= last) return;
    this.#read[key] = last;
    saveRead(this.#read);
    this.#tell("read", chatId);
  }

  /** How many messages of others a person has not seen in a chat; a chat never loaded counts one at most. */
  unread(personId, chatId) {
    const seen = this.#read[`${personId}:${chatId}`] ?? 0;
    const messages = this.#messages.get(chatId);
    if (!this.#loaded.has(chatId) && !messages) return (this.chats.get(chatId)?.last_message_id ?? 0) > seen ? 1 : 0;
    let count = 0;
    for (const message of messages.values()) if (message.message_id > seen && message.from?.id !== personId) count += 1;
    return count;
  }

  unreadAnywhere(personId) {
    return this.chatsOf(personId).reduce((sum, chat) => sum + this.unread(personId, chat.id), 0);
  }

  setLine(line) {
    if (this.line === line) return;
    this.line = line;
    this.#tell("line");
  }

  #tell(kind, chatId, messageId) {
    this.dispatchEvent(new Change(kind, chatId, messageId));
  }
}

function isMember(chat, personId) {
  return chat.members.some(({ user }) => user.id === personId);
}

function loadRead() {
  try {
    return JSON.parse(localStorage.getItem(READ_KEY)) ?? {};
  } catch {
    return {}; // A private window may refuse storage: everything is then unread, which is true enough.
  }
}

function saveRead(read) {
  try {
    localStorage.setItem(READ_KEY, JSON.stringify(read));
  } catch {
    // As above: the marks live until the page is closed.
  }
}
