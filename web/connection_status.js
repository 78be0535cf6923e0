// The status line of the WebSocket connection.

const UPDATE_INTERVAL_MS = 1000;

/**
 * Renders the socket's state into `node`: its data-state, a .state that is announced when it changes, and a .countdown
 * that isn't.
 */
export function createConnectionStatus(node, socket) {
  const state = node.querySelector(".state");
  const countdown = node.querySelector(".countdown");
  socket.addEventListener("change", render);
  setInterval(render, UPDATE_INTERVAL_MS);
  render();

  function render() {
    const { name, until } = socket.state;
    node.hidden = name === "closed";
    node.dataset.state = name;
    setText(state, label(name));
    setText(countdown, name === "waiting" ? ` in ${Math.max(1, Math.ceil((until - Date.now()) / 1000))} s` : "");
  }

  function label(name) {
    if (name === "connected") return "Connected";
    if (name === "offline" || !navigator.onLine) return "Offline: questions wait";
    return socket.isReconnecting ? "Reconnecting" : "Connecting";
  }
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
