// A message's text with its entities, as elements. Offsets are UTF-16 units, as in JavaScript's own strings.

import { make } from "./dom.js";

const INLINE = { bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code" };
const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);
const SAFE = new Set(["http:", "https:", "mailto:", "tel:"]);

/**
 * The text as nodes. `open.command(text)` is called for a pressed bot command, `open.start(payload)` for a link that
 * starts this bot. An entity that is unknown, or reaches out of the text, leaves its text plain.
 */
export function formatted(text, entities, open) {
  const inside = (entities ?? []).filter(
    (entity) => entity.offset >= 0 && entity.length > 0 && entity.offset + entity.length <= text.length,
  );
  const inOrder = inside.toSorted((a, b) => a.offset - b.offset || b.length - a.length);
  return nodesBetween(0, text.length, text, inOrder, open);
}

function nodesBetween(begin, end, text, entities, open) {
  const nodes = [];
  let at = begin;
  let rest = entities;
  while (rest.length) {
    const [entity, ...others] = rest;
    const stop = Math.min(entity.offset + entity.length, end);
    if (entity.offset > at) nodes.push(text.slice(at, entity.offset));
    const within = others.filter((other) => other.offset < stop);
    nodes.push(
      wrapped(entity, text.slice(entity.offset, stop), nodesBetween(entity.offset, stop, text, within, open), open),
    );
    at = stop;
    // A block ends its line by itself; the line break after it would show as an empty line.
    if (BLOCKS.has(entity.type) && text[at] === "\n") at += 1;
    rest = others.filter((other) => other.offset >= stop);
  }
  if (at < end) nodes.push(text.slice(at, end));
  return nodes;
}

function wrapped(entity, plain, nodes, open) {
  switch (entity.type) {
    case "bold":
    case "italic":
    case "underline":
    case "strikethrough":
    case "code":
      return make(INLINE[entity.type], {}, ...nodes);
    case "pre":
      return make(
        "pre",
        { class: "code-block", dir: "ltr", "data-language": entity.language },
        make("code", {}, ...nodes),
      );
    case "blockquote":
      return make("blockquote", {}, ...nodes);
    case "expandable_blockquote":
      return expandable(nodes);
    case "spoiler":
      return spoiler(nodes);
    case "text_link":
      return link(entity.url, nodes, open);
    case "url":
      return link(/^[a-z][a-z0-9+.-]*:/i.test(plain) ? plain : `https://${plain}`, nodes, open);
    case "email":
      return link(`mailto:${plain}`, nodes, open);
    case "phone_number":
      return link(`tel:${plain}`, nodes, open);
    case "bot_command":
      return make("button", { type: "button", class: "command", dir: "ltr", on: { click: () => open.command(plain) } }, ...nodes);
    case "mention":
    case "text_mention":
    case "hashtag":
    case "cashtag":
      return make("span", { class: "mention" }, ...nodes);
    default:
      return make("span", {}, ...nodes);
  }
}

function spoiler(nodes) {
  const hidden = make(
    "span",
    { class: "spoiler", role: "button", tabindex: "0", "aria-expanded": "false" },
    make("span", {}, ...nodes),
  );
  const reveal = (event) => {
    if (hidden.classList.contains("open") || (event.type === "keydown" && !["Enter", " "].includes(event.key))) return;
    event.preventDefault();
    hidden.classList.add("open");
    hidden.setAttribute("aria-expanded", "true");
  };
  hidden.addEventListener("click", reveal);
  hidden.addEventListener("keydown", reveal);
  return hidden;
}

function expandable(nodes) {
  const quote = make("blockquote", { class: "expandable" }, ...nodes);
  quote.addEventListener("click", () => quote.classList.toggle("open"));
  return quote;
}

function link(address, nodes, open) {
  const target = readAddress(address);
  if (!target) return make("span", {}, ...nodes);
  if (target.start !== null) {
    return make(
      "a",
      {
        href: target.href,
        on: {
          click: (event) => {
            event.preventDefault();
            open.start(target.start);
          },
        },
      },
      ...nodes,
    );
  }
  return make("a", { href: target.href, target: "_blank", rel: "noopener noreferrer" }, ...nodes);
}

/**
 * What an address leads to: `{href, start}`, `start` being the payload where it starts this bot and null elsewhere.
 * Null when it is not an address, or one a page must not open (javascript: and its kin).
 */
export function readAddress(address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  if (!SAFE.has(url.protocol)) return null;
  const startsBot = url.origin === location.origin || (url.hostname === "t.me" && /^\/\w+bot$/i.test(url.pathname));
  return { href: url.href, start: startsBot && url.searchParams.has("start") ? url.searchParams.get("start") : null };
}
