// How people and chats are named and pictured.

import { icon, make } from "./dom.js";

const HUES = [205, 262, 24, 225, 340, 100, 145, 55];
const BOT_HUE = 178;

export function nameOf(person) {
  return (
    [person?.first_name, person?.last_name].filter(Boolean).join(" ") || person?.username || `#${person?.id ?? "?"}`
  );
}

/** Who wrote a message: a person, the bot, or a channel, in whose name all of its messages stand. */
export function senderOf(message) {
  const { from, sender_chat: channel } = message;
  return from ?? (channel && { id: channel.id, first_name: channel.title });
}

/** What stands above a chat: the group's title, or the bot's name in a private chat. */
export function titleOf(chat, bot) {
  return chat.id < 0 ? (chat.title ?? "Group") : (bot?.first_name ?? "Baithak");
}

/** A colour for a person or a group, the same on every page. */
export function hueOf(id) {
  // Ids of the prepared people differ in the thousands and the ones: with both, neighbours do not look alike.
  const number = Math.abs(Number(id));
  return HUES[(number * 5 + Math.floor(number / 1000) * 2) % HUES.length];
}

/** The colour of a message's sender; the bot has its own. */
export function hueOfSender(sender) {
  return sender?.is_bot ? BOT_HUE : hueOf(sender?.id ?? 0);
}

/** A round picture with the first letter of a name, as messengers show those without a photo. Says nothing aloud. */
export function avatar(hue, name, classes = "") {
  const letter = [...name.replace(/[^\p{L}\p{N}]/gu, "")][0]?.toUpperCase() ?? "?";
  const picture = make("span", { class: `avatar ${classes}`, "aria-hidden": "true", text: letter });
  picture.style.setProperty("--hue", hue);
  return picture;
}

/** The picture beside a message of this sender. */
export function senderAvatar(sender, classes) {
  const picture = avatar(hueOfSender(sender), nameOf(sender), classes);
  if (sender?.is_bot) picture.replaceChildren(icon("bot"));
  return picture;
}

/** The picture of a chat: its group's, or the bot's in a private chat. */
export function chatAvatar(chat, bot) {
  const picture = avatar(chat.id < 0 ? hueOf(chat.id) : BOT_HUE, titleOf(chat, bot));
  picture.replaceChildren(icon(chat.id < 0 ? "group" : "bot"));
  return picture;
}

/** A number on a small disc; null when there is nothing to count. */
export function badge(count) {
  if (!count) return null;
  return make("span", { class: "badge", text: count > 99 ? "99+" : String(count) });
}
