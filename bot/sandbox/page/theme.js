// Light or dark: the system's choice until the person makes their own.

import { icon, make } from "./dom.js";

const KEY = "baithak.sandbox.theme";
const SYSTEM_DARK = matchMedia("(prefers-color-scheme: dark)");

function chosen() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function isDark() {
  return (document.documentElement.dataset.theme ?? (SYSTEM_DARK.matches ? "dark" : "light")) === "dark";
}

/** The button that switches; it also brings back the choice made on an earlier visit. */
export function themeButton() {
  const before = chosen();
  if (before === "dark" || before === "light") document.documentElement.dataset.theme = before;
  const button = make("button", { type: "button", class: "icon-button" });
  const draw = () => {
    const label = isDark() ? "Light colours" : "Dark colours";
    button.replaceChildren(icon(isDark() ? "sun" : "moon"));
    button.setAttribute("aria-label", label);
    button.title = label;
  };
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    try {
      localStorage.setItem(KEY, document.documentElement.dataset.theme);
    } catch {
      // Storage refused: the choice lasts until the page is closed.
    }
    draw();
  });
  SYSTEM_DARK.addEventListener("change", draw);
  draw();
  return button;
}
