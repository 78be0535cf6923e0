// A friend or a request: who it is, and what can be done.

import { alertBox } from "../cards/alert_box.js";
import { formatDate } from "../dates.js";
import { announce, el, setBusy } from "../dom.js";
import { Problem } from "../problem.js";

const SINCE = { friend: "Friends since", incoming: "Asked you on", outgoing: "Asked on" };
const END = { friend: "End friendship", incoming: "Decline", outgoing: "Withdraw" };

/** Creates the list item of a friend (an item of GET /v1/friends). `onDone()` is called after a change. */
export function friendItem(friend, api, onDone) {
  const errorBox = el("div", { role: "alert" });
  const path = `/v1/friends/${friend.id}`;
  const buttons = [
    friend.state === "incoming" && action("Accept", "primary", () => api.patch(path, { accepted: true })),
    // Repeated, it finds nothing more to end.
    action(END[friend.state], "secondary", () => api.delete(path)),
  ].filter(Boolean);
  return el("li", { class: "memory card" },
    el("div", { class: "memory-body" },
      el("p", { class: "memory-text", dir: "auto" }, friend.name),
      describe(friend) && el("p", { dir: "auto" }, describe(friend)),
      friend.bio && el("p", { dir: "auto" }, friend.bio),
      el("p", { class: "muted" }, `${SINCE[friend.state]} ${formatDate(friend.since.slice(0, 10))}`)),
    el("div", { class: "actions" }, ...buttons), errorBox);

  function action(label, look, send) {
    const button = el("button", { type: "button", class: `${look} small`, "aria-label": `${label}: ${friend.name}`,
      on: { click } }, label);
    return button;

    async function click() {
      if (buttons.some((each) => each.hasAttribute("aria-disabled"))) return;
      setBusy(button, true);
      errorBox.replaceChildren();
      try {
        const { data } = await send();
        announce(data.text);
        onDone();
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        setBusy(button, false);
        // The other has decided meanwhile: the list shows it.
        if (problem.code === "friendship_not_found") return onDone();
        errorBox.replaceChildren(alertBox(problem.message, { severe: true }));
      }
    }
  }
}

function describe({ rig_type: rig, rig_year: year, home_base: home }) {
  return [[year, rig].filter(Boolean).join(" "), home && `home base ${home}`].filter(Boolean).join(", ");
}
