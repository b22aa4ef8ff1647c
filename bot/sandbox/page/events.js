// The server's event stream, kept open through restarts of the server.

const RETRY_MS = [300, 600, 1200, 2500, 4000];

/**
 * Follow the stream for as long as the page lives. After each (re)connection `catchUp` is awaited, since events were
 * missed while the line was down; what arrives meanwhile is taken too, as every event may be taken twice.
 */
export function follow({ take, catchUp, setLine }) {
  let failures = 0;

  function connect() {
    const source = new EventSource("/control/events");
    let abandoned = false;

    // The browser's own retry gives up for good on an HTTP error, so ours replaces it.
    function retry() {
      if (abandoned) return;
      abandoned = true;
      source.close();
      setLine("connecting");
      setTimeout(connect, RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]);
      failures += 1;
    }

    source.addEventListener("message", (event) => take(JSON.parse(event.data)));
    source.addEventListener("error", retry);
    source.addEventListener("open", async () => {
      try {
        await catchUp();
        failures = 0;
        if (!abandoned) setLine("online");
      } catch {
        retry();
      }
    });
  }

  connect();
}
