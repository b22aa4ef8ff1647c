// A drawer for engineers: what the bot asks of the Bot API, and where the web pages are.

import { fetchStats } from "./api.js";
import { iconButton, make } from "./dom.js";

const POLL_MS = 1500;
const SECONDS = 60;
const LIMIT = 30; // What Telegram allows a bot in all; the bars are of its height at least.
const WEB_PORT = 8080; // Where the web part listens unless told otherwise; a link in a message tells better.
const PAGES = [
  ["/", "Article page"],
  ["/review", "Review page"],
  ["/docs", "API described"],
  ["/feeds/comments.atom", "Comments feed"],
];
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

export class Panel {
  #timer = null;

  constructor({ element, store }) {
    Object.assign(this, { element, store });
    this.pages = make("ul", { class: "panel-links" });
    this.bars = make("div", { class: "panel-rate", role: "img" });
    this.rate = make("p", { class: "panel-words" });
    this.counts = make("table", { class: "panel-table" });
    this.calls = make("ol", { class: "panel-calls" });
    element.append(
      make(
        "header",
        {},
        make("h2", { text: "For engineers" }),
        iconButton("close", "Close", () => this.toggle()),
      ),
      make("h3", { text: "Web pages" }),
      this.pages,
      make("h3", { text: "Messages a second" }),
      this.bars,
      this.rate,
      make("h3", { text: "Bot API calls" }),
      this.counts,
      make("h3", { text: "Latest" }),
      this.calls,
    );
  }

  toggle() {
    this.element.hidden = !this.element.hidden;
    clearTimeout(this.#timer);
    if (!this.element.hidden) this.#refresh();
  }

  async #refresh() {
    this.#drawPages();
    const stats = await fetchStats().catch(() => null); // The windows already say that the sandbox is away.
    if (stats) this.#drawStats(stats);
    if (!this.element.hidden) this.#timer = setTimeout(() => this.#refresh(), POLL_MS);
  }

  #drawPages() {
    const base = this.#webOrigin();
    this.pages.replaceChildren(
      ...PAGES.map(([path, label]) =>
        make("li", {}, make("a", { href: base + path, target: "_blank", rel: "noopener noreferrer", text: label })),
      ),
    );
  }

  #webOrigin() {
    for (const chatId of this.store.chats.keys()) {
      for (const message of this.store.messages(chatId).reverse()) {
        const links = [
          ...(message.entities ?? []),
          ...(message.caption_entities ?? []),
          ...(message.reply_markup?.inline_keyboard?.flat() ?? []),
        ];
        for (const { url } of links) {
          const found = url && URL.canParse(url) ? new URL(url) : null;
          if (found && LOOPBACK.test(found.hostname) && found.origin !== location.origin) return found.origin;
        }
      }
    }
    return `${location.protocol}//${location.hostname}:${WEB_PORT}`;
  }

  /** The last minute, a bar for each second: what was written, and on top of it what was refused with 429. */
  #drawRate({ seconds = [], now }) {
    const by = new Map(seconds.map((second) => [second.at, second]));
    const last = Math.max(Math.floor(now ?? 0), ...by.keys());
    const shown = Array.from({ length: SECONDS }, (_, number) => by.get(last - SECONDS + 1 + number));
    const totals = shown.map((second) => (second ? second.deliveries + second.too_many_requests : 0));
    const highest = Math.max(LIMIT, ...totals);
    const high = (number) => `${(100 * number) / highest}%`;
    this.bars.replaceChildren(
      ...shown.map((second) => {
        const written = make("span", { class: "written" });
        const refused = make("span", { class: "refused" });
        written.style.setProperty("height", high(second?.deliveries ?? 0));
        refused.style.setProperty("height", high(second?.too_many_requests ?? 0));
        return make("span", { class: "second" }, refused, written);
      }),
    );
    const sum = (name, of) => of.reduce((total, second) => total + (second?.[name] ?? 0), 0);
    const mean = sum("deliveries", shown.slice(-10)) / 10;
    const refused = sum("too_many_requests", shown);
    this.rate.textContent = `${mean.toFixed(1)} over the last ten seconds; in the last minute ${sum("deliveries", shown)} written, ${refused} refused with 429.`;
    this.bars.setAttribute("aria-label", this.rate.textContent);
  }

  #drawStats(stats) {
    this.#drawRate(stats);
    const methods = Object.entries(stats.calls ?? {}).sort(([, a], [, b]) => b - a);
    this.counts.replaceChildren(
      ...methods.map(([method, count]) =>
        make("tr", {}, make("th", { scope: "row", text: method }), make("td", { text: String(count) })),
      ),
    );
    // Polling goes on all the time and would push everything else out of sight.
    const calls = (stats.recent ?? []).filter(({ method }) => method !== "getUpdates").toReversed();
    this.calls.replaceChildren(
      ...calls.map((call) =>
        make(
          "li",
          { class: call.code === 200 ? "" : "failed" },
          make("b", { text: call.method }),
          make("span", { text: ` ${call.chat_id ?? ""}` }),
          make("span", { class: "panel-status", text: `${call.code} · ${Math.round(call.ms)} ms` }),
        ),
      ),
    );
  }
}
