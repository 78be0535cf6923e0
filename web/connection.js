// The state of the line in words, as it truly is: only what the socket knows.

const STEP_MS = 1000;

/** `node` has [data-state], and within it a .state, which is announced when it changes, and a .when, which isn't. */
export function createConnection(node, socket) {
  const state = node.querySelector(".state");
  const when = node.querySelector(".when");
  socket.addEventListener("change", draw);
  setInterval(draw, STEP_MS);
  draw();

  function draw() {
    const { name, until } = socket.state;
    node.hidden = name === "closed";
    node.dataset.state = name;
    write(state, words(name));
    write(when, name === "waiting" ? ` in ${Math.max(1, Math.ceil((until - Date.now()) / 1000))} s` : "");
  }

  function words(name) {
    if (name === "connected") return "Connected";
    if (name === "offline" || !navigator.onLine) return "Offline: questions wait";
    return socket.lost ? "Reconnecting" : "Connecting";
  }
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
