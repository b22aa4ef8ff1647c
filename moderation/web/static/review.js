/* The dashboard: decide without leaving the page, keep the queue fresh, and do it all from the keyboard.
   Without this script every button still works as a plain form. */
(() => {
  "use strict";

  const queue = document.getElementById("queue");
  const message = document.getElementById("message");
  const token = document.body.dataset.token;
  const EVERY_MS = 2000;
  let etag = null;
  let last = null;
  let busy = 0;
  let missed = 0;

  const cards = () => [...queue.querySelectorAll(".card")];
  const open = () => cards().filter((card) => !card.classList.contains("done"));
  const current = () => document.activeElement && document.activeElement.closest(".card");

  const say = (text) => {
    message.textContent = text;
    clearTimeout(say.timer);
    if (text) say.timer = setTimeout(() => { message.textContent = ""; }, 8000);
  };

  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  const post = async (action, fields) => {
    busy += 1;
    try {
      const answer = await fetch(action, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": token },
        body: JSON.stringify(fields),
      });
      return { ok: answer.ok, status: answer.status, body: await answer.json().catch(() => ({})) };
    } catch {
      return { ok: false, status: 0, body: {} };
    } finally {
      busy -= 1;
    }
  };

  const trouble = (answer) => {
    if (answer.body.code === "publishing_stopped") return `Publishing was stopped by ${answer.body.stopped_by}: end the stop first. Rejecting works.`;
    if (answer.body.code === "undo_refused") return `${answer.body.title}: ${answer.body.detail}.`;
    if (answer.status === 409) return answer.body.detail ? `Already ${answer.body.detail}` : answer.body.title;
    if (answer.status === 401 || answer.status === 403) return "Your session has ended, or you are no moderator now. Ask the bot for /dashboard.";
    if (answer.status === 0) return "No answer from the server; nothing was decided.";
    return answer.body.detail || answer.body.title || "That did not work; nothing was decided.";
  };

  const close = (card, words, kind, undo, undoUntil) => {
    const excerpt = card.querySelector(".text").textContent.slice(0, 120);
    const veiled = card.querySelector("details.veil:not([open])");
    const line = make("p", { className: "result" }, make("b", { className: kind, textContent: words }),
      make("span", { className: "excerpt", dir: "auto", textContent: veiled ? "…" : excerpt }));
    if (undo) {
      const button = make("button", { className: "act undo", type: "button", textContent: "Undo" });
      button.addEventListener("click", undo);
      line.append(button);
      setTimeout(() => button.remove(), Math.max(0, undoUntil - Date.now()));
    }
    const next = open().find((other) => other !== card && card.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING) || open().find((other) => other !== card);
    const held = current() === card;
    card.querySelector(".result")?.remove();
    card.append(line);
    card.classList.add("done");
    if (held) (next || card).focus();
  };

  const decide = async (form, clause) => {
    const card = form.closest(".card");
    if (card.dataset.busy) return;
    card.dataset.busy = "1";
    const answer = await post(form.action, { revision: card.dataset.revision, ...(clause ? { clause } : {}) });
    delete card.dataset.busy;
    if (!answer.ok) {
      if (answer.status === 409 && answer.body.code !== "publishing_stopped") close(card, trouble(answer), "failed");
      else say(trouble(answer));
      return;
    }
    const words = answer.body.status === "published" ? "Published by you" : `Rejected by you: clause ${answer.body.clause}`;
    last = { card, until: Date.parse(answer.body.undo_until) };
    close(card, words, answer.body.status, () => takeBack(card), last.until);
  };

  const takeBack = async (card) => {
    const answer = await post(`/review/comments/${card.dataset.id}/undo`, { revision: card.dataset.revision });
    if (!answer.ok) { say(trouble(answer)); return; }
    card.querySelector(".result").remove();
    card.classList.remove("done");
    card.querySelectorAll("details.choose").forEach((details) => { details.open = false; });
    card.focus();
    last = null;
    etag = null;
  };

  /* A card that is gone says so at once, and then who decided what. */
  const closeEnded = async (card) => {
    close(card, "Decided elsewhere, or withdrawn", "elsewhere");
    const line = card.querySelector(".result b");
    const answer = await fetch(`/review/comments/${card.dataset.id}`, { headers: { Accept: "application/json" } }).catch(() => null);
    if (answer && answer.ok) line.textContent = (await answer.json()).words;
  };

  /* Who else is at it, and what its author did meanwhile: the words of a card that change while it is read. */
  const retell = (card, fresh) => {
    for (const part of [".claimed", ".record"]) {
      const [shown, now] = [card, fresh].map((one) => one.querySelector(part));
      if (shown.textContent !== now.textContent) shown.textContent = now.textContent;
    }
  };

  /* Two looks in a row without an answer are no accident. */
  const answered = (answer) => {
    missed = answer && answer.status < 500 ? 0 : missed + 1;
    document.getElementById("lost").hidden = missed < 2;
  };

  /* New cards go to the end and old ones leave; a card that is being read is never moved or redrawn. */
  const refresh = async () => {
    if (busy || document.hidden) return;
    const answer = await fetch("/review/queue", { headers: etag ? { "If-None-Match": etag } : {} }).catch(() => null);
    answered(answer);
    if (!answer || answer.status === 304 || busy) return;
    if (answer.status === 401 || answer.status === 403) { say(trouble(answer)); return; }
    if (!answer.ok) return;
    etag = answer.headers.get("ETag");
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const wanted = new Map([...fresh.querySelectorAll(".card")].map((card) => [card.id, card]));
    for (const card of cards()) {
      const replacement = wanted.get(card.id);
      wanted.delete(card.id);
      if (card.classList.contains("done")) {
        // It is held again (somebody's undo, or a new revision): show it as it is now.
        if (replacement && (replacement.dataset.revision !== card.dataset.revision || card.querySelector(".elsewhere"))) card.replaceWith(replacement);
      } else if (!replacement) closeEnded(card);
      else if (replacement.dataset.revision !== card.dataset.revision) card.replaceWith(replacement);
      else retell(card, replacement);
    }
    queue.querySelector(".empty")?.remove();
    queue.append(...wanted.values());
    if (!cards().length) queue.append(fresh.querySelector(".empty"));
    document.getElementById("switches").replaceChildren(...fresh.getElementById("switches").childNodes);
    document.getElementById("waiting").replaceChildren(...fresh.getElementById("waiting").childNodes);
    tell();
  };

  const tell = () => {
    for (const time of document.querySelectorAll("time[data-age]")) {
      const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(time.dateTime)) / 60000));
      time.textContent = minutes < 1 ? "just now" : minutes < 90 ? `${minutes} min` : minutes < 2880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} d`;
    }
  };

  queue.addEventListener("submit", (event) => {
    event.preventDefault();
    decide(event.target, event.submitter && event.submitter.value);
  });

  document.querySelector("main").addEventListener("submit", async (event) => {
    if (queue.contains(event.target)) return;
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(event.target));
    if (event.submitter && event.submitter.name) fields[event.submitter.name] = event.submitter.value;
    const answer = await post(event.target.getAttribute("action"), fields);
    if (!answer.ok) { say(trouble(answer)); return; }
    event.target.reset();
    document.querySelectorAll("details.begin, details.begin details").forEach((details) => { details.open = false; });
    etag = null;
    refresh();
  });

  queue.addEventListener("toggle", (event) => {
    if (!event.target.matches("details.choose") || !event.target.open) return;
    post(`/review/comments/${event.target.closest(".card").dataset.id}/claim`, {});
  }, true);

  const step = (by) => {
    const all = open();
    if (!all.length) return;
    const at = all.indexOf(current());
    const next = all[Math.min(all.length - 1, Math.max(0, at + by))] || all[0];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  };

  const KEYS = {
    j: () => step(1),
    k: () => step(-1),
    a: (card) => card && decide(card.querySelector("form.approve")),
    r: (card) => {
      if (!card) return;
      const choose = card.querySelector("details.choose");
      choose.open = !choose.open;
      if (choose.open) choose.scrollIntoView({ block: "nearest" });
    },
    s: (card) => { const veil = card && card.querySelector("details.veil"); if (veil) veil.open = !veil.open; },
    u: () => { if (last && Date.now() < last.until) takeBack(last.card); },
    Escape: (card) => card && card.querySelectorAll("details.choose").forEach((details) => { details.open = false; }),
  };

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
    const here = current();
    const card = here && !here.classList.contains("done") ? here : null;
    const chosen = card && card.querySelector(`details.choose[open] button[data-key="${CSS.escape(event.key)}"]`);
    if (chosen) decide(chosen.form, chosen.value);
    else if (Object.hasOwn(KEYS, event.key)) KEYS[event.key](card);
    else return;
    event.preventDefault();
  });

  tell();
  setInterval(tell, 20000);
  setInterval(refresh, EVERY_MS);
})();
