// One stream of changes for the whole page. It comes back by itself, however often it breaks;
// each time it is back, `hello` says so and the page loads everything anew.

const RETRY_MS = 800;
const KINDS = [
  "hello", "message", "edited", "deleted", "typing", "answer",
  "keyboard", "users", "commands", "bot", "event", "events_missed", "faults",
];

export function listen(onChange, onState) {
  let source;

  function connect() {
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
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, RETRY_MS);
    };
  }

  connect();
}
