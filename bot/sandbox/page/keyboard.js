// The buttons under a message.

import { icon, make } from "./dom.js";
import { readAddress } from "./entities.js";

const STYLES = new Set(["danger", "success", "primary"]);

/**
 * An inline keyboard as rows of buttons, or null where the message has none. `press(data)` must resolve once the bot
 * has answered: the button turns until then. `start(payload)` is called by a link that starts this bot, `copied()` when a
 * text was copied.
 */
export function keyboard(markup, { press, start, copied }) {
  const rows = markup?.inline_keyboard?.filter((row) => row.length) ?? [];
  if (!rows.length) return null;
  return make(
    "div",
    { class: "keyboard" },
    ...rows.map((row) =>
      make("div", { class: "keyboard-row" }, ...row.map((button) => key(button, { press, start, copied }))),
    ),
  );
}

function key(button, { press, start, copied }) {
  const label = make("span", { class: "key-label", dir: "auto", text: button.text });
  const classes = `key${STYLES.has(button.style) ? ` ${button.style}` : ""}`;
  const target = button.url ? readAddress(button.url) : null;
  if (target && target.start === null) {
    return make(
      "a",
      { class: classes, href: target.href, target: "_blank", rel: "noopener noreferrer" },
      label,
      icon("outside"),
    );
  }
  const element = make("button", { type: "button", class: classes, disabled: button.disabled }, label);
  if (target) element.addEventListener("click", () => start(target.start));
  else if (button.copy_text)
    element.addEventListener("click", () => navigator.clipboard?.writeText(button.copy_text.text).then(copied));
  else if (button.callback_data !== undefined)
    element.addEventListener("click", () => pressOnce(element, () => press(button.callback_data)));
  else element.disabled = true; // Inline mode and web apps live in Telegram only.
  return element;
}

async function pressOnce(element, press) {
  if (element.getAttribute("aria-busy") === "true") return;
  element.setAttribute("aria-busy", "true");
  try {
    await press();
  } finally {
    element.removeAttribute("aria-busy");
  }
}
