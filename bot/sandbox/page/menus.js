// What opens over a window and closes again: menus, alerts, forms, toasts.

import { icon, make } from "./dom.js";

/**
 * Open a menu at an element. `items` are `{label, icon?, lead?, tail?, danger?, chosen?, pick}` or null (left out); `lead`
 * is an element in the icon's place, `tail` one after the label.
 * Closed by a choice, Escape or a press elsewhere; focus goes back to `anchor`.
 */
export function openMenu(anchor, items, { head = null, language = null, direction = null } = {}) {
  const menu = make("div", { class: "menu", role: "menu", popover: "auto", lang: language, dir: direction });
  if (head) menu.append(head);
  for (const item of items.filter(Boolean)) {
    const choose = () => {
      menu.hidePopover();
      item.pick();
    };
    menu.append(
      make(
        "button",
        {
          type: "button",
          role: item.chosen === undefined ? "menuitem" : "menuitemradio",
          "aria-checked": item.chosen === undefined ? null : String(item.chosen),
          class: `menu-item${item.danger ? " danger" : ""}`,
          on: { click: choose },
        },
        item.lead ?? (item.icon ? icon(item.icon) : null),
        make("span", { class: "menu-label", dir: "auto", text: item.label }),
        item.tail ?? null,
      ),
    );
  }
  menu.addEventListener("keydown", (event) => moveFocus(menu, event));
  menu.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    menu.remove();
    if (document.activeElement === document.body) anchor.focus?.({ preventScroll: true });
  });
  document.body.append(menu);
  menu.showPopover();
  place(menu, anchor);
  menu.querySelector(".menu-item")?.focus({ preventScroll: true });
  return menu;
}

function moveFocus(menu, event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const items = [...menu.querySelectorAll("button")];
  items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
}

function place(menu, beside) {
  const anchor = beside.getBoundingClientRect();
  const frame = beside.closest?.(".window")?.getBoundingClientRect() ?? { left: 0, right: innerWidth };
  // Not the rectangle: that one is scaled while the menu opens.
  const { offsetWidth: width, offsetHeight: height } = menu;
  const edge = 8;
  const below = anchor.bottom + 4;
  const top = below + height + edge > innerHeight ? Math.max(edge, anchor.top - height - 4) : below;
  const middle = anchor.left + anchor.width / 2;
  const left = middle > innerWidth / 2 && anchor.width < 80 ? anchor.right - width : anchor.left;
  menu.style.top = `${top}px`;
  const inFrame = Math.min(Math.max(frame.left + edge, left), frame.right - width - edge);
  menu.style.left = `${Math.min(Math.max(edge, inFrame), innerWidth - width - edge)}px`;
}

/** Say something for a moment at the foot of a window; read aloud, never steals the focus. */
export function toast(host, text, { failed = false } = {}) {
  host.querySelectorAll(".toast").forEach((old) => old.remove());
  const note = make("div", {
    class: `toast${failed ? " failed" : ""}`,
    role: failed ? "alert" : "status",
    dir: "auto",
    text,
  });
  host.append(note);
  setTimeout(() => note.remove(), 3000 + 40 * text.length);
  note.addEventListener("click", () => note.remove());
}

/** Show a message that waits for OK, over the window it belongs to. */
export function alertDialog(host, text, { title, ok, language, direction }) {
  const dialog = make("dialog", { class: "alert", lang: language, dir: direction, "aria-label": title });
  const close = make("button", { type: "button", class: "plain", text: ok, on: { click: () => dialog.close() } });
  dialog.append(
    make("h2", { text: title, dir: "auto" }),
    make("p", { text, dir: "auto" }),
    make("div", { class: "dialog-buttons" }, close),
  );
  showOver(host, dialog);
  close.focus();
}

/**
 * Ask for a few fields; resolves to their values by name, or null when given up. `fields` are
 * `{name, label, options?, ...attributes}`.
 */
export function formDialog(host, { title, fields, submit, cancel = "Cancel" }) {
  const form = make("form", { method: "dialog" });
  const dialog = make("dialog", { class: "form", "aria-label": title }, form);
  form.append(make("h2", { text: title }));
  for (const { name, label, options, ...attributes } of fields) {
    const field = options
      ? make("select", { name }, ...options.map(([value, text]) => make("option", { value, text })))
      : make("input", { name, autocomplete: "off", dir: "auto", ...attributes });
    form.append(make("label", {}, make("span", { text: label }), field));
  }
  form.append(
    make(
      "div",
      { class: "dialog-buttons" },
      make("button", { type: "button", class: "plain", text: cancel, on: { click: () => dialog.close() } }),
      make("button", { type: "submit", class: "filled", value: "done", text: submit }),
    ),
  );
  return new Promise((resolve) => {
    dialog.addEventListener("close", () =>
      resolve(dialog.returnValue === "done" ? Object.fromEntries(new FormData(form)) : null),
    );
    showOver(host, dialog);
  });
}

function showOver(host, dialog) {
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.showModal();
  const frame = host.getBoundingClientRect();
  dialog.style.left = `${frame.left + (frame.width - dialog.offsetWidth) / 2}px`;
  dialog.style.top = `${frame.top + (frame.height - dialog.offsetHeight) / 2}px`;
}
