// One message as an element. It is drawn anew whenever the message changes.

import { icon, iconButton, make } from "./dom.js";
import { formatted } from "./entities.js";
import { keyboard } from "./keyboard.js";
import { hueOfSender, nameOf, senderOf } from "./people.js";
import { clockTime } from "./words.js";

const ICONS = {
  photo: "🖼",
  voice: "🎤",
  audio: "🎵",
  video: "🎬",
  video_note: "🎬",
  animation: "🎬",
  document: "📎",
  contact: "👤",
  location: "📍",
  poll: "📊",
};
const NAMED = {
  photo: "photo",
  voice: "voice",
  sticker: "sticker",
  document: "file",
  audio: "file",
  video: "file",
  video_note: "file",
  animation: "file",
};

/**
 * Draw a message as `reader` sees it: own ones on their side; one about the chat itself as a line in the middle. `act` holds
 * what a press does: press(message, data), start(payload), command(text), jump(messageId), menu(anchor, message),
 * reply(message), react(message, emoji), copied().
 */
export function drawMessage(message, { reader, reactions, language, say, act }) {
  const notice = noticeOf(message, say);
  if (notice)
    return make(
      "li",
      { class: "row service", data: { id: message.message_id } },
      make("span", { class: "pill", dir: "auto", text: notice }),
    );
  const own = message.from?.id === reader.id;
  const row = make("li", {
    class: `row ${own ? "own" : "other"}`,
    data: { id: message.message_id, from: message.from?.id ?? "" },
  });
  const bubble = make("div", { class: "bubble" });
  if (!own && message.chat.id < 0) bubble.append(senderLine(senderOf(message)));
  if (message.forward_origin)
    bubble.append(
      make("div", {
        class: "forwarded",
        dir: "auto",
        text: say("forwarded", { name: originName(message.forward_origin) }),
      }),
    );
  if (message.reply_to_message) bubble.append(quote(message.reply_to_message, { act, say }));
  const media = drawMedia(message, say);
  if (media) bubble.append(media);
  bubble.append(body(message, { own, language, say, act }));
  const chips = drawReactions(message, reactions, { reader, act, say });
  if (chips) bubble.append(chips);
  const column = make("div", { class: "column" }, bubble);
  const keys = keyboard(message.reply_markup, {
    press: (data) => act.press(message, data),
    start: act.start,
    copied: act.copied,
  });
  if (keys) column.append(keys);
  row.append(column, tools(message, { say, act }));
  return row;
}

function senderLine(sender) {
  const line = make("div", { class: "sender" }, make("bdi", { text: nameOf(sender) }));
  line.style.setProperty("--hue", hueOfSender(sender));
  return line;
}

function body(message, { own, language, say, act }) {
  const text = message.text ?? message.caption ?? "";
  const looks = `${isOnlyEmoji(text) ? " huge" : ""}${/\p{Script=Arabic}/u.test(text) ? " arabic" : ""}`;
  const block = make("div", { class: `text${looks}`, dir: directionOfEnd(text) });
  block.append(make("span", { class: "words" }, ...formatted(text, message.entities ?? message.caption_entities, act)));
  const meta = make("span", { class: "meta", dir: "ltr" });
  if (message.edit_date) meta.append(make("span", { class: "edited", dir: "auto", text: say("edited") }));
  meta.append(
    make("time", { datetime: new Date(message.date * 1000).toISOString(), text: clockTime(message.date, language) }),
  );
  if (own) meta.append(icon("check"), icon("read"));
  block.append(meta);
  return block;
}

/** The direction of the last line that has one, at whose end the time stands; names set apart in it count for nothing. */
function directionOfEnd(text) {
  const lines = text.replace(/[\u2066-\u2068][^\u2069]*\u2069/g, "").split("\n");
  const strong = lines.findLast((line) => /\p{L}/u.test(line))?.match(/\p{L}/u)[0];
  return strong === undefined ? "auto" : /[\p{Script=Arabic}\p{Script=Hebrew}]/u.test(strong) ? "rtl" : "ltr";
}

function drawMedia(message, say) {
  if (message.sticker)
    return make("div", {
      class: "sticker",
      text: message.sticker.emoji ?? "🙂",
      role: "img",
      "aria-label": say("sticker"),
    });
  const kind = Object.keys(ICONS).find((name) => message[name]);
  if (!kind)
    return message.text === undefined && message.caption === undefined ? attachment("❔", say("unknown")) : null;
  const size = kind === "photo" ? message.photo.at(-1) : null;
  if (!size?.file_id)
    return attachment(ICONS[kind], say(NAMED[kind] ?? "file"), message[kind].file_name, addressOf(message, kind));
  const picture = make("img", {
    class: "photo",
    src: fileAddress(size.file_id),
    alt: say("photo"),
    width: size.width,
    height: size.height,
  });
  picture.addEventListener("error", () => picture.replaceWith(attachment(ICONS.photo, say("photo"))));
  return picture;
}

const fileAddress = (id) => `/control/files/${encodeURIComponent(id)}`;

// The bot's files are kept here; what people "send" are samples with nothing behind them.
function addressOf(message, kind) {
  return kind === "document" && message.from?.is_bot ? fileAddress(message.document.file_id) : null;
}

function attachment(sign, label, detail = "", address = null) {
  return make(
    address ? "a" : "div",
    { class: "attachment", href: address, download: address ? detail : null },
    make("span", { class: "attachment-sign", text: sign, "aria-hidden": "true" }),
    make("span", { dir: "auto", text: detail || label }),
  );
}

/** The first line of a message, for quotes and lists: its text, or the name of what it holds. */
export function summaryOf(message, say) {
  const text = message.text ?? message.caption;
  if (text) return text.replace(/\s+/g, " ").slice(0, 120);
  const kind = [...Object.keys(ICONS), "sticker"].find((name) => message[name]);
  return noticeOf(message, say) ?? say(kind ? (NAMED[kind] ?? "file") : "unknown");
}

function quote(message, { act, say }) {
  const press = () => act.jump(message.message_id);
  const block = make(
    "button",
    { type: "button", class: "quote", on: { click: press } },
    make("span", { class: "quote-name" }, make("bdi", { text: nameOf(senderOf(message)) })),
    make("span", { class: "quote-text", dir: "auto", text: summaryOf(message, say) }),
  );
  block.style.setProperty("--hue", hueOfSender(senderOf(message)));
  return block;
}

function drawReactions(message, reactions, { reader, act, say }) {
  const given = Object.entries(reactions).filter(([, people]) => people.length);
  if (!given.length) return null;
  return make(
    "div",
    { class: "reactions" },
    ...given.map(([emoji, people]) =>
      make(
        "button",
        {
          type: "button",
          class: `reaction${people.includes(reader.id) ? " mine" : ""}`,
          "aria-label": say("reactions", { emoji }),
          "aria-pressed": String(people.includes(reader.id)),
          on: { click: () => act.react(message, emoji) },
        },
        make("span", { text: emoji }),
        make("span", { text: String(people.length) }),
      ),
    ),
  );
}

function tools(message, { say, act }) {
  return make(
    "div",
    { class: "tools" },
    iconButton("reply", say("reply"), () => act.reply(message), "tool"),
    iconButton("more", say("actions"), (event) => act.menu(event.currentTarget, message), "tool tool-more"),
  );
}

function noticeOf(message, say) {
  if (message.new_chat_members)
    return message.new_chat_members.map((person) => say("joined", { name: nameOf(person) })).join(" · ");
  if (message.left_chat_member) return say("left", { name: nameOf(message.left_chat_member) });
  if (message.pinned_message) return say("pinned", { name: nameOf(senderOf(message)) });
  return null;
}

function originName(origin) {
  return origin.sender_user
    ? nameOf(origin.sender_user)
    : (origin.sender_user_name ?? origin.chat?.title ?? origin.sender_chat?.title ?? "?");
}

function isOnlyEmoji(text) {
  return (
    text.length <= 12 &&
    /^(\p{Extended_Pictographic}|\p{Emoji_Modifier}|\u200d|\ufe0f|\s)+$/u.test(text) &&
    text.trim() !== ""
  );
}
