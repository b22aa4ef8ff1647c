/* Baithak's widget: puts the published comments of a story, live, where its script tag stands.

   <script src="https://comments.example/embed.js" data-story="https://news.example/story" async></script>

   data-story     the story's address or id; without it the page's canonical address
   data-language  en, ur, hi, mr or ar; without it the page's own
   data-theme     light or dark; without it what goes with the page's own ink
   data-terms     off where the page itself names the terms beside the thread

   Readers' words enter the page as text nodes only. Everything lives in a shadow root: neither page disturbs the other. */
(() => {
  "use strict";

  const script = document.currentScript;
  if (!script) return;
  const base = new URL(".", script.src).href.replace(/\/$/, "");

  const WORDS = {
    en: {
      comments: "Comments", write: "Comment in Telegram", newest: "Newest", oldest: "Oldest", top: "Top", sort: "Order",
      more: "More comments", empty: "No comments yet. Yours can be the first.", failed: "The comments can’t be loaded now.",
      again: "Try again", closed: "Comments are not open for this story yet.", loading: "Loading comments…",
      shut: "Comments are closed.", reading: "Right now a person reads every comment before it appears.",
      edited: "edited", whole: "Show all", fresh: "New comment from", terms: "Terms and conditions",
      note: "By commenting you agree to the", answers: "Answer to", count: { one: "# comment", other: "# comments" },
    },
    ur: {
      comments: "تبصرے", write: "ٹیلی گرام میں تبصرہ کریں", newest: "تازہ ترین", oldest: "پرانے پہلے", top: "نمایاں", sort: "ترتیب",
      more: "مزید تبصرے", empty: "ابھی کوئی تبصرہ نہیں۔ پہل آپ کیجیے۔", failed: "تبصرے اس وقت نہیں کھل سکے۔",
      again: "دوبارہ کوشش کریں", closed: "اس خبر پر تبصرے ابھی شروع نہیں ہوئے۔", loading: "تبصرے آ رہے ہیں…",
      shut: "تبصرے بند کر دیے گئے ہیں۔", reading: "اس وقت ہر تبصرہ شائع ہونے سے پہلے پڑھا جا رہا ہے۔",
      edited: "ترمیم شدہ", whole: "پورا دیکھیں", fresh: "نیا تبصرہ:", terms: "شرائط و ضوابط",
      note: "تبصرہ کرنے کا مطلب ہے کہ آپ کو یہ منظور ہیں:", answers: "جواب بنام", count: { one: "# تبصرہ", other: "# تبصرے" },
    },
    hi: {
      comments: "टिप्पणियाँ", write: "टेलीग्राम में टिप्पणी करें", newest: "नई पहले", oldest: "पुरानी पहले", top: "चर्चित", sort: "क्रम",
      more: "और टिप्पणियाँ", empty: "अभी कोई टिप्पणी नहीं। पहली आपकी हो सकती है।", failed: "टिप्पणियाँ अभी नहीं खुल सकीं।",
      again: "फिर कोशिश करें", closed: "इस ख़बर पर टिप्पणियाँ अभी शुरू नहीं हुई हैं।", loading: "टिप्पणियाँ आ रही हैं…",
      shut: "टिप्पणियाँ बंद कर दी गई हैं।", reading: "अभी हर टिप्पणी छपने से पहले पढ़ी जा रही है।",
      edited: "बदली गई", whole: "पूरी देखें", fresh: "नई टिप्पणी:", terms: "नियम और शर्तें",
      note: "टिप्पणी करके आप इन्हें स्वीकार करते हैं:", answers: "जवाब —", count: { one: "# टिप्पणी", other: "# टिप्पणियाँ" },
    },
    mr: {
      comments: "प्रतिक्रिया", write: "टेलिग्रामवर प्रतिक्रिया द्या", newest: "नव्या आधी", oldest: "जुन्या आधी", top: "चर्चेतल्या", sort: "क्रम",
      more: "आणखी प्रतिक्रिया", empty: "अजून एकही प्रतिक्रिया नाही. पहिली तुमची असू शकते.", failed: "प्रतिक्रिया आत्ता उघडता आल्या नाहीत.",
      again: "पुन्हा प्रयत्न करा", closed: "या बातमीवर प्रतिक्रिया अजून सुरू झालेल्या नाहीत.", loading: "प्रतिक्रिया येत आहेत…",
      shut: "प्रतिक्रिया बंद करण्यात आल्या आहेत.", reading: "सध्या प्रत्येक प्रतिक्रिया वाचूनच प्रसिद्ध केली जाते.",
      edited: "बदललेली", whole: "पूर्ण पाहा", fresh: "नवी प्रतिक्रिया:", terms: "अटी आणि शर्ती",
      note: "प्रतिक्रिया देऊन तुम्ही हे मान्य करता:", answers: "उत्तर —", count: { one: "# प्रतिक्रिया", other: "# प्रतिक्रिया" },
    },
    ar: {
      comments: "التعليقات", write: "علّق في تيليغرام", newest: "الأحدث", oldest: "الأقدم", top: "الأبرز", sort: "الترتيب",
      more: "مزيد من التعليقات", empty: "لا تعليقات بعد. كن أول من يعلّق.", failed: "تعذّر تحميل التعليقات الآن.",
      again: "أعد المحاولة", closed: "لم يُفتح باب التعليق على هذا الخبر بعد.", loading: "جارٍ تحميل التعليقات…",
      shut: "أُغلق باب التعليق.", reading: "كل تعليق يُقرأ الآن قبل نشره.",
      edited: "معدَّل", whole: "عرض الكل", fresh: "تعليق جديد من", terms: "الشروط والأحكام",
      note: "بنشر تعليقك فأنت توافق على", answers: "ردّ على",
      count: { zero: "لا تعليقات", one: "تعليق واحد", two: "تعليقان", few: "# تعليقات", many: "# تعليقًا", other: "# تعليق" },
    },
  };
  const RIGHT_TO_LEFT = new Set(["ur", "ar"]);

  const STYLE = `
    :host { all: initial; display: block; --ink: #1d1b18; --soft: #66605a; --line: #ddd7cc; --accent: #8c1c13; --on: #fff;
      --fresh: #fdf3dc; color-scheme: light; }
    :host([data-theme="dark"]) { --ink: #ece8e1; --soft: #a9a298; --line: #3b3732; --accent: #f0a397; --on: #231310;
      --fresh: #3a3222; color-scheme: dark; }
    .box { color: var(--ink); font: 16px/1.55 system-ui, "Noto Sans", "Noto Sans Devanagari", "Noto Naskh Arabic", sans-serif; }
    .box:lang(ur) { font-family: "Noto Nastaliq Urdu", "Noto Naskh Arabic", system-ui, sans-serif; line-height: 2.15; }
    header { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; padding-block-end: .75rem;
      border-block-end: 2px solid var(--ink); }
    h2 { font: 700 1.35rem/1.4 Georgia, "Noto Serif", "Noto Serif Devanagari", "Noto Naskh Arabic", serif; margin: 0; }
    .box:lang(ur) h2 { font-family: "Noto Nastaliq Urdu", serif; line-height: 2; }
    .count { color: var(--soft); font-size: .9rem; margin-inline-end: auto; }
    a.write { background: var(--accent); color: var(--on); text-decoration: none; font-weight: 600; padding: .45rem 1rem;
      border-radius: 999px; font-size: .95rem; }
    a.write:hover { filter: brightness(1.12); }
    select, button { font: inherit; font-size: .9rem; color: inherit; background: none; border: 1px solid var(--line);
      border-radius: 6px; padding: .3rem .6rem; cursor: pointer; }
    select option { color: #1d1b18; background: #fff; }
    :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
    .shut { color: var(--soft); font-weight: 600; font-size: .95rem; }
    .note { color: var(--soft); font-size: .85rem; margin: .6rem 0 0; }
    .note a { color: inherit; }
    ol { list-style: none; margin: 0; padding: 0; }
    li > ol { margin-inline-start: .4rem; padding-inline-start: 1rem; border-inline-start: 2px solid var(--line); }
    article { padding: .9rem 0 .8rem; border-block-end: 1px solid var(--line); }
    li > ol article { padding-block: .6rem; }
    .fresh { animation: fresh 4s ease-out; }
    .target { box-shadow: inset 4px 0 0 var(--accent); padding-inline: .8rem; background: var(--fresh); }
    @keyframes fresh { from { background: var(--fresh); } to { background: transparent; } }
    .who { display: flex; flex-wrap: wrap; gap: 0 .6rem; align-items: baseline; font-size: .9rem; }
    .who b { font-weight: 650; }
    .box:lang(ur) .who b { font-family: "Noto Sans", "Noto Nastaliq Urdu", "Noto Naskh Arabic", system-ui, sans-serif; } .who time, .who span { color: var(--soft); font-size: .85rem; }
    .text { margin: .2rem 0 0; white-space: pre-line; overflow-wrap: anywhere; unicode-bidi: isolate; text-align: start;
      font-family: system-ui, "Noto Sans", "Noto Sans Devanagari", "Noto Naskh Arabic", sans-serif; line-height: 1.55; }
    .text[lang="ur"] { font-family: "Noto Nastaliq Urdu", "Noto Naskh Arabic", serif; line-height: 2.15; }
    .text.clipped { max-block-size: 11em; overflow: hidden; -webkit-mask-image: linear-gradient(#000 70%, transparent);
      mask-image: linear-gradient(#000 70%, transparent); }
    .state { color: var(--soft); padding: 1.6rem 0; text-align: center; } .state button { margin-inline-start: .6rem; }
    .more { display: block; margin: 1rem auto 0; padding: .45rem 1.2rem; }
    .heard { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); }
    [hidden] { display: none !important; }
    @media (prefers-reduced-motion: reduce) { .fresh { animation: none; } }
  `;

  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  const directionOf = (words) => {
    const first = words.match(/\p{L}/u);
    return first && /[\p{Script=Arabic}\p{Script=Hebrew}]/u.test(first[0]) ? "rtl" : "ltr";
  };

  class Thread {
    constructor(host, story, language) {
      this.host = host;
      this.story = story;
      this.language = language;
      this.words = WORDS[language];
      this.sort = "newest";
      this.comments = new Map();
      this.order = [];
      this.total = 0;
      this.next = null;
      this.draw();
      this.load();
    }

    draw() {
      const words = this.words;
      const root = this.host.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
      this.count = make("span", { className: "count" });
      this.write = make("a", { className: "write", textContent: words.write, target: "_blank", rel: "noopener", hidden: true });
      this.select = make("select", { ariaLabel: words.sort },
        ...["newest", "oldest", "top"].map((sort) => make("option", { value: sort, textContent: words[sort] })));
      this.select.addEventListener("change", () => { this.sort = this.select.value; this.load(); });
      this.terms = make("p", { className: "note", hidden: script.dataset.terms === "off" }, `${words.note} `,
        make("a", { href: `${base}/terms/${this.language}`, target: "_blank", rel: "noopener", textContent: words.terms }));
      this.shut = make("span", { className: "shut", textContent: words.shut, hidden: true });
      this.reading = make("p", { className: "note", textContent: words.reading, hidden: true });
      this.list = make("ol");
      this.state = make("p", { className: "state" });
      this.more = make("button", { className: "more", type: "button", textContent: words.more, hidden: true });
      this.more.addEventListener("click", () => this.load(this.next));
      this.heard = make("div", { className: "heard", role: "status" });
      const box = make("section", { className: "box", lang: this.language, dir: RIGHT_TO_LEFT.has(this.language) ? "rtl" : "ltr" },
        make("header", {}, make("h2", { textContent: words.comments }), this.count, this.select, this.write, this.shut),
        this.terms, this.reading, this.list, this.state, this.more, this.heard);
      box.setAttribute("aria-label", words.comments);
      root.append(box);
      this.say(words.loading);
    }

    say(text, retry = false) {
      this.state.replaceChildren(text || "");
      this.state.hidden = !text;
      if (!retry) return;
      const button = make("button", { type: "button", textContent: this.words.again });
      button.addEventListener("click", () => this.load());
      this.state.append(button);
    }

    async ask(path, query) {
      const answer = await fetch(`${base}${path}?${new URLSearchParams(query)}`, { credentials: "omit" });
      const body = await answer.json();
      if (!answer.ok) throw Object.assign(new Error(body.code), { code: body.code });
      return body;
    }

    async load(cursor = null) {
      // The stream is opened before the list is asked for, so that nothing published between the two is missed.
      this.follow();
      try {
        const query = { story: this.story, sort: this.sort, limit: "20" };
        if (cursor) query.cursor = cursor;
        const [page, place] = await Promise.all([
          this.ask("/api/v1/comments", query),
          this.place || this.ask("/embed.json", { story: this.story }),
        ]);
        this.place = place;
        this.linked = /^https?:/.test(place.telegram_link || "");
        if (this.linked) this.write.href = place.telegram_link;
        this.showState(page);
        if (!cursor) { this.comments.clear(); this.order = []; }
        for (const comment of page.items) this.put(comment, "last");
        this.total = page.total;
        this.next = page.next_cursor;
        this.render();
        this.showTarget();
      } catch (error) {
        const closed = error.code === "unknown_story";
        if (this.order.length === 0) this.say(closed ? this.words.closed : this.words.failed, !closed);
        clearTimeout(this.retrying);
        this.retrying = setTimeout(() => this.load(), 15000);
      }
    }

    showState({ open, held_for_reading: held }) {
      this.write.hidden = !this.linked || !open;
      this.shut.hidden = open;
      this.terms.hidden = script.dataset.terms === "off" || !open;
      this.reading.hidden = !held || !open;
      this.open = open;
    }

    put(comment, where) {
      const known = this.comments.has(comment.id);
      this.comments.set(comment.id, comment);
      if (!known) this.order[where === "first" ? "unshift" : "push"](comment.id);
      return !known;
    }

    follow() {
      if (this.source && this.source.readyState !== EventSource.CLOSED) return;
      this.source = new EventSource(`${base}/api/v1/comments/stream?${new URLSearchParams({ story: this.story })}`);
      const on = (name, act) => this.source.addEventListener(name, (event) => { act(JSON.parse(event.data)); this.render(); });
      on("published", (comment) => {
        if (this.put(comment, this.sort === "newest" ? "first" : "last")) {
          this.total += 1;
          this.fresh = comment.id;
          this.heard.textContent = `${this.words.fresh} ${comment.author.name}`;
        }
      });
      on("edited", (comment) => this.comments.has(comment.id) && this.comments.set(comment.id, comment));
      on("state", (state) => this.showState(state));
      on("removed", (comment) => {
        if (!this.comments.delete(comment.id)) { this.load(); return; }
        this.order = this.order.filter((id) => id !== comment.id);
        this.total -= 1;
      });
    }

    render() {
      const number = new Intl.NumberFormat(this.language);
      const forms = this.words.count;
      const form = forms[new Intl.PluralRules(this.language).select(this.total)] || forms.other;
      this.count.textContent = this.total ? form.replace("#", number.format(this.total)) : "";
      const answers = new Map();
      const roots = [];
      for (const id of this.order) {
        const { parent } = this.comments.get(id);
        if (parent && this.comments.has(parent)) answers.set(parent, [...(answers.get(parent) || []), id]);
        else roots.push(id);
      }
      this.list.replaceChildren(...roots.map((id) => this.item(id, answers, 0)));
      this.more.hidden = !this.next;
      this.say(this.order.length || !this.open ? "" : this.words.empty);
      this.fresh = null;
    }

    item(id, answers, depth) {
      const comment = this.comments.get(id);
      const at = new Date(comment.published_at);
      const time = make("time", { dateTime: comment.published_at, dir: "auto", textContent: this.ago(at), title: at.toLocaleString(this.language) });
      const who = make("div", { className: "who" }, make("b", { textContent: comment.author.name, dir: "auto" }), time);
      if (comment.edited) who.append(make("span", { textContent: this.words.edited }));
      const text = make("p", { className: "text", dir: "auto", textContent: comment.text });
      if (comment.language) text.lang = comment.language;
      // A comment's words and its author's name begin at one edge, the comment's own: apart they might stand a page's width.
      const article = make("article", { id: `comment-${id}`, dir: directionOf(comment.text) }, who, text);
      if (id === this.fresh) article.className = "fresh";
      if (comment.text.length > 900 || comment.text.split("\n").length > 12) this.clip(article, text);
      const replies = (answers.get(id) || []).map((reply) => this.comments.get(reply))
        .sort((a, b) => new Date(a.published_at) - new Date(b.published_at));
      const list = make("ol", {}, ...replies.map((reply) => this.item(reply.id, answers, depth + 1)));
      // Past the third step a phone has no width left: deeper answers stand below one another.
      if (depth < 3) return make("li", {}, article, ...(replies.length ? [list] : []));
      return make("li", {}, article, ...[...list.children].flatMap((child) => [...child.childNodes]));
    }

    clip(article, text) {
      text.classList.add("clipped");
      const button = make("button", { type: "button", textContent: this.words.whole });
      button.addEventListener("click", () => { text.classList.remove("clipped"); button.remove(); });
      article.append(button);
    }

    ago(at) {
      const seconds = (at - Date.now()) / 1000;
      const format = new Intl.RelativeTimeFormat(this.language, { numeric: "auto" });
      if (seconds > -60) return format.format(0, "second");
      if (seconds > -3600) return format.format(Math.round(seconds / 60), "minute");
      if (seconds > -86400) return format.format(Math.round(seconds / 3600), "hour");
      if (seconds > -604800) return format.format(Math.round(seconds / 86400), "day");
      return new Intl.DateTimeFormat(this.language, { dateStyle: "medium" }).format(at);
    }

    showTarget() {
      const wanted = /^#comment-\d+$/.test(location.hash) && this.host.shadowRoot.getElementById(location.hash.slice(1));
      if (!wanted || this.shown) return;
      this.shown = true;
      wanted.classList.add("target");
      wanted.scrollIntoView({ block: "center" });
    }
  }

  const languageOf = (given) => {
    const asked = [given, document.documentElement.lang, navigator.language, "en"];
    return asked.map((tag) => (tag || "").toLowerCase().split("-")[0]).find((tag) => Object.hasOwn(WORDS, tag));
  };
  const canonical = document.querySelector('link[rel="canonical"]');
  const host = document.createElement("div");
  host.className = "baithak-comments";
  const dark = matchMedia("(prefers-color-scheme: dark)");
  // The page decides, not the reader's system: most sites stay light, and light ink on their ground can't be read.
  const inkIsLight = () => {
    const ink = getComputedStyle(host.parentElement || document.documentElement).color.match(/^rgba?\(([^)]*)\)/);
    if (!ink) return dark.matches;
    const [red, green, blue] = ink[1].split(/[,\s/]+/).map(Number);
    return 0.299 * red + 0.587 * green + 0.114 * blue > 140;
  };
  const paint = () => { host.dataset.theme = script.dataset.theme || (inkIsLight() ? "dark" : "light"); };
  dark.addEventListener("change", paint);
  // In the head nothing is shown; there the thread goes to the end of the page.
  if (script.closest("head")) addEventListener("DOMContentLoaded", () => { document.body.append(host); paint(); });
  else script.after(host);
  paint();
  new Thread(host, script.dataset.story || (canonical ? canonical.href : location.href.split("#")[0]),
    languageOf(script.dataset.language || (script.closest("[lang]") || {}).lang));
})();
