// Before all others, and no module: a part of the page that does not arrive leaves none of it. A server that is being
// started anew, or a network that changes, is over in a moment, so the page asks again a few times before it says so.

(() => {
  const KEY = "baithak.sandbox.arrivals";
  const WAITS_MS = [300, 1000, 3000];

  function triesBefore() {
    try {
      return Number(sessionStorage.getItem(KEY)) || 0;
    } catch {
      return WAITS_MS.length; // Storage refused: without a count it would ask for ever.
    }
  }

  function say() {
    const words = document.createElement("p");
    words.className = "missing";
    words.setAttribute("role", "alert");
    words.textContent = "A part of this page did not arrive. Is the sandbox running? Then reload the page.";
    document.body.prepend(words);
  }

  function failed() {
    const tries = triesBefore();
    if (tries >= WAITS_MS.length) return say();
    sessionStorage.setItem(KEY, String(tries + 1));
    return setTimeout(() => location.reload(), WAITS_MS[tries]);
  }

  // The event of an element that could not be loaded does not bubble: it is seen on its way down.
  addEventListener("error", ({ target }) => target instanceof HTMLScriptElement && failed(), true);
  addEventListener("load", () => {
    if (!document.getElementById("top").childElementCount) return;
    try {
      sessionStorage.removeItem(KEY);
    } catch {
      // Storage refused: nothing was counted.
    }
  });
})();
