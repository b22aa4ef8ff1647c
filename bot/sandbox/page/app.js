// The page: three windows (or fewer where the screen is narrow), the bar above, the people below.

import * as api from "./api.js";
import { ChatWindow } from "./chat_window.js";
import { iconButton, make, oncePerFrame } from "./dom.js";
import { follow } from "./events.js";
import { Hint } from "./hint.js";
import { formDialog, openMenu, toast } from "./menus.js";
import { Panel } from "./panel.js";
import { avatar, badge, hueOf, nameOf } from "./people.js";
import { Store } from "./store.js";
import { themeButton } from "./theme.js";
import { LANGUAGES } from "./words.js";

const PLACES_KEY = "baithak.sandbox.windows";
const FIRST_PLACES = [
  [1001, 1001],
  [2001, -1003000000001],
  [1002, 1002],
];
const THREE = matchMedia("(min-width: 1000px)");
const TWO = matchMedia("(min-width: 680px)");
const PAYLOAD = /^[A-Za-z0-9_-]{0,64}$/; // What Telegram lets a ?start= link carry.

const store = new Store();
const host = document.getElementById("windows");
const tabs = document.getElementById("tabs");
const panel = new Panel({ element: document.getElementById("panel"), store });
const hint = new Hint({
  element: document.getElementById("hint"),
  store,
  inView: () => windows.filter(({ element }) => !element.hidden).map(({ personId }) => personId),
});
const windows = FIRST_PLACES.map(() => {
  const chatWindow = new ChatWindow({
    store,
    choosePerson: (anchor) => choosePerson(chatWindow, anchor),
    moved: () => keepPlaces(),
  });
  chatWindow.element.addEventListener("focusin", () => {
    active = chatWindow;
  });
  return chatWindow;
});
let active = windows[0];

/** What the address asks for, taken out of it so that a reload does not ask again. */
function takeRequest() {
  const query = new URLSearchParams(location.search);
  if ([...query.keys()].length) history.replaceState(null, "", location.pathname);
  const start = query.get("start");
  return {
    start: start !== null && PAYLOAD.test(start) ? start : null,
    refused: start !== null && !PAYLOAD.test(start),
    person: readId(query.get("as")),
    chat: readId(query.get("chat")),
  };
}

function readId(text) {
  return /^-?\d{1,15}$/.test(text ?? "") ? Number(text) : null;
}

function savedPlaces() {
  try {
    const places = JSON.parse(localStorage.getItem(PLACES_KEY));
    if (Array.isArray(places) && places.length === windows.length && places.flat().every(Number.isSafeInteger))
      return places;
  } catch {
    // Storage refused or spoilt: the first places will do.
  }
  return FIRST_PLACES;
}

function keepPlaces() {
  drawTabs();
  hint.mark();
  try {
    localStorage.setItem(PLACES_KEY, JSON.stringify(windows.map(({ personId, chatId }) => [personId, chatId])));
  } catch {
    // Storage refused: the next visit begins with the first places.
  }
}

async function openWindows(request) {
  const places = savedPlaces().map(([personId, chatId], index) =>
    store.people.has(personId) ? [personId, chatId] : FIRST_PLACES[index],
  );
  await Promise.all(windows.map((chatWindow, index) => chatWindow.show(...places[index])));
  if (request.refused) toast(host, "This ?start= link is not one Telegram would accept.", { failed: true });
  if (request.person === null && request.start === null) return;
  const personId = request.person ?? 1001;
  if (!store.people.has(personId)) return toast(host, `There is no person ${personId} here.`, { failed: true });
  const chatWindow = windows.find((one) => one.personId === personId) ?? windows[0];
  await chatWindow.show(personId, request.chat ?? personId);
  focusOn(chatWindow);
  if (request.start !== null) await chatWindow.start(request.start);
  return null;
}

/** Bring a window to the front: on a narrow screen it is the one shown. */
function focusOn(chatWindow) {
  active = chatWindow;
  layOut();
  chatWindow.composer.focus();
}

function layOut() {
  const room = THREE.matches ? 3 : TWO.matches ? 2 : 1;
  const first = Math.min(windows.indexOf(active), windows.length - room);
  windows.forEach((chatWindow, index) => {
    const shown = room === 3 || (index >= first && index < first + room);
    chatWindow.element.hidden = !shown;
    if (shown) chatWindow.seen();
  });
  document.body.classList.toggle("narrow", room < 3);
  drawTabs();
  hint.mark();
}

function drawTabs() {
  if (!document.body.classList.contains("narrow")) return;
  const shown = windows.filter((chatWindow) => !chatWindow.element.hidden).map((chatWindow) => chatWindow.personId);
  const focused = document.activeElement?.closest?.(".tab")?.dataset.person;
  tabs.replaceChildren(
    ...[...store.people.values()].map((person) => {
      const tab = make(
        "button",
        {
          type: "button",
          class: "tab",
          data: { person: person.id },
          "aria-pressed": String(shown.includes(person.id)),
          on: { click: () => switchTo(person.id) },
        },
        avatar(hueOf(person.id), nameOf(person), "small"),
        make("bdi", { class: "tab-name", text: nameOf(person) }),
      );
      const mark = badge(store.unreadAnywhere(person.id));
      if (mark) tab.append(mark);
      return tab;
    }),
  );
  if (focused) tabs.querySelector(`[data-person="${focused}"]`)?.focus();
}

async function switchTo(personId) {
  const there = windows.find((chatWindow) => chatWindow.personId === personId);
  if (!there) await active.show(personId, homeOf(personId));
  focusOn(there ?? active);
}

// A moderator's place is the group, a reader's the bot.
function homeOf(personId) {
  return store.chatsOf(personId).at(-1).id;
}

function choosePerson(chatWindow, anchor) {
  const people = [...store.people.values()];
  const items = people.map((person) => ({
    label: nameOf(person),
    lead: avatar(hueOf(person.id), nameOf(person), "tiny"),
    tail: badge(store.unreadAnywhere(person.id)),
    chosen: person.id === chatWindow.personId,
    pick: () => chatWindow.show(person.id, homeOf(person.id), { focus: true }),
  }));
  openMenu(anchor, [...items, { icon: "add", label: "Add a person…", pick: () => addPerson(chatWindow) }]);
}

async function addPerson(chatWindow) {
  const answer = await formDialog(chatWindow.element, {
    title: "Add a person",
    submit: "Add",
    fields: [
      { name: "first_name", label: "Name", required: true, maxlength: 64 },
      { name: "language_code", label: "Language", options: LANGUAGES },
    ],
  });
  if (!answer) return;
  try {
    const person = await api.addPerson(answer);
    await store.refresh();
    await chatWindow.show(person.id, person.id);
    focusOn(chatWindow);
  } catch (error) {
    toast(chatWindow.element, error.message, { failed: true });
  }
}

function drawTop() {
  document.getElementById("top").append(
    make("img", { src: "/static/icon.svg", alt: "", width: 26, height: 26 }),
    make("h1", { text: "Baithak" }),
    make("span", { class: "top-note", text: "sandbox · you are everybody" }),
    make("span", { class: "gap" }),
    iconButton("add", "Add a person", () => addPerson(active)),
    iconButton("help", "What to press first", () => hint.toggle()),
    iconButton("gear", "For engineers: the bot's calls, links", () => panel.toggle()),
    themeButton(),
  );
}

const drawUnread = oncePerFrame(() => {
  drawTabs();
  const here = new Set(windows.map(({ personId }) => personId).filter(Boolean));
  const count = [...here].reduce((sum, personId) => sum + store.unreadAnywhere(personId), 0);
  document.title = count ? `(${count}) Baithak sandbox` : "Baithak sandbox";
});

drawTop();
host.append(...windows.map((chatWindow) => chatWindow.element));
layOut();
store.addEventListener("change", ({ kind }) => {
  if (kind !== "typing" && kind !== "line") drawUnread();
});
for (const width of [THREE, TWO]) width.addEventListener("change", layOut);
document.addEventListener("visibilitychange", () => windows.forEach((chatWindow) => chatWindow.seen()));

const request = takeRequest();
let opened = null;
follow({
  take: (event) => store.take(event),
  setLine: (line) => store.setLine(line),
  catchUp: async () => {
    await store.refresh();
    opened ??= openWindows(request);
    await opened;
  },
});
