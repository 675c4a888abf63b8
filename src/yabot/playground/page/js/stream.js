// One stream of changes for the whole page. It comes back by itself, however often it breaks;
// each time it is back, `hello` says so and the page loads everything anew.
//
// A page that is not seen has none: a browser has six connections for all its tabs together, and
// with a stream in each of six nothing else would get through.

const RETRY_MS = 800;
const KINDS = [
  "hello", "message", "edited", "deleted", "typing", "answer",
  "keyboard", "users", "commands", "bot", "event", "events_missed", "faults",
];

export function listen(onChange, onState) {
  let source = null;

  function connect() {
    if (source || document.hidden) return;
    source = new EventSource("/playground/stream");
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => {
        if (kind === "hello") onState("connected");
        onChange(kind, JSON.parse(event.data || "{}"));
      });
    }
    source.onerror = () => {
      onState("reconnecting");
      // Browsers retry a broken stream but give up on a refused one.
      if (source.readyState !== EventSource.CLOSED) return;
      source = null;
      setTimeout(connect, RETRY_MS);
    };
  }

  function leave() {
    source?.close();
    source = null;
    onState("reconnecting");
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : connect()));
  connect();
}
