// Building elements. Data enters a page only here, as text nodes and attributes: never as markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element. `props` may hold class, text, data (dataset), on (listeners by event name); any other key is an
 * attribute, left out when its value is null, undefined or false. Never parses markup.
 */
export function make(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "class") element.className = value;
    else if (key === "text") element.textContent = value;
    else if (key === "data") Object.assign(element.dataset, value);
    else if (key === "on")
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A function that runs `draw` in the next frame, once however often it was called until then. */
export function oncePerFrame(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
}

const SHAPES = {
  bot: "M4 8a4 4 0 0 1 4-4h8a4 4 0 0 1 4 4v5a4 4 0 0 1-4 4h-5l-5 4v-4.5a4 4 0 0 1-2-3.5zM9 9h6M9 12.5h4",
  group:
    "M9 5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 0 0 0-7zM2.5 19a6.5 6.5 0 0 1 13 0M16 5.5a3.3 3.3 0 0 1 0 6M18 14a6 6 0 0 1 3.5 5",
  back: "M15 5l-7 7 7 7",
  down: "M6 9l6 6 6-6",
  more: "M12 5.5v.01M12 12v.01M12 18.5v.01",
  send: "M4 12l16-8-5 17-4-7zM11 14l9-10",
  check: "M5 13l4 4L19 7",
  read: "M2 13l4 4L16 7M11 16l1 1L22 7",
  reply: "M9 6l-6 6 6 6M3 12h11a6 6 0 0 1 6 6v1",
  edit: "M4 20l1-5L16 4l4 4L9 19zM14 6l4 4",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  clip: "M20 11l-8 8a5 5 0 0 1-7-7l8.5-8.5a3.3 3.3 0 0 1 4.7 4.7L10 16.5a1.7 1.7 0 0 1-2.4-2.4L15 7",
  slash: "M4 4h16v16H4zM14 8l-4 8",
  outside: "M8 16L17 7M9 7h8v8",
  add: "M12 5v14M5 12h14",
  gear: "M8 6l-6 6 6 6M16 6l6 6-6 6M14 4l-4 16",
  sun: "M12 8a4 4 0 1 0 0 8a4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M5 19l1.5-1.5M17.5 6.5L19 5",
  moon: "M20 14A8 8 0 0 1 10 4a8 8 0 1 0 10 10z",
  block: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18zM6 6l12 12",
  leave: "M10 4H5v16h5M15 8l4 4-4 4M19 12H9",
  join: "M14 4h5v16h-5M9 8l4 4-4 4M13 12H3",
  smile: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18zM8.5 14.5a4.5 4.5 0 0 0 7 0M9 9.5v.01M15 9.5v.01",
  help: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18zM9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 16.8v.01",
};

/** An icon drawn with lines in the colour of the text around it, silent to screen readers. Raises on an unknown name. */
export function icon(name) {
  if (!SHAPES[name]) throw new Error(`no icon named ${name}`);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

/** A button holding an icon alone; `label` is what a screen reader says and what the pointer shows. */
export function iconButton(name, label, press, classes = "") {
  return make(
    "button",
    { type: "button", class: `icon-button ${classes}`, "aria-label": label, title: label, on: { click: press } },
    icon(name),
  );
}
