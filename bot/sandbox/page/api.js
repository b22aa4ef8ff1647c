// The sandbox's control API, one function an address. Nothing here keeps state.

/** The server said no; `message` is its reason, `status` the HTTP status (0 when nothing answered). */
export class Refused extends Error {
  constructor(status, reason) {
    super(reason);
    this.status = status;
  }
}

async function call(method, path, body) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refused(0, "The sandbox does not answer.");
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Refused(response.status, answer?.error ?? `HTTP ${response.status}`);
  return answer;
}

export const fetchPeople = () => call("GET", "/control/users");
export const fetchChats = () => call("GET", "/control/chats");
export const fetchMessages = (chatId) => call("GET", `/control/chats/${chatId}/messages?after=0`);
export const fetchStats = () => call("GET", "/control/stats");

export const addPerson = (person) => call("POST", "/control/users", person);
export const write = (personId, chatId, text, replyTo) =>
  call("POST", `/control/users/${personId}/messages`, {
    chat_id: chatId,
    text,
    ...(replyTo ? { reply_to_message_id: replyTo } : {}),
  });
export const edit = (personId, chatId, messageId, text) =>
  call("POST", `/control/users/${personId}/edits`, { chat_id: chatId, message_id: messageId, text });
export const press = (personId, chatId, messageId, data) =>
  call("POST", `/control/users/${personId}/presses`, { chat_id: chatId, message_id: messageId, data });
export const react = (personId, chatId, messageId, emoji) =>
  call("POST", `/control/users/${personId}/reactions`, { chat_id: chatId, message_id: messageId, emoji });
export const block = (personId) => call("POST", `/control/users/${personId}/block`);
export const unblock = (personId) => call("POST", `/control/users/${personId}/unblock`);
export const join = (chatId, personId) => call("PUT", `/control/chats/${chatId}/members/${personId}`);
export const leave = (chatId, personId) => call("DELETE", `/control/chats/${chatId}/members/${personId}`);

/** Hand in a raw Bot API update, for what a person's program sends beside text. */
export const give = (update) => call("POST", "/control/updates", update);
/** The bot's commands as it offers them to this person in this chat. */
export const fetchCommands = (personId, chatId) => call("GET", `/control/commands?user=${personId}&chat_id=${chatId}`);
