// The dialog "Travellers": the own profile, requests for friendship, and friends.

import { announce, byId, el, setBusy } from "../dom.js";
import { timezone } from "../dates.js";
import { Problem } from "../problem.js";
import { friendItem } from "./friend.js";
import { createProfileForm } from "./profile_form.js";

const LISTS = {
  incoming: { title: "Requests to you", empty: "Nobody is waiting for your answer." },
  outgoing: { title: "Your requests", empty: "You are waiting for nobody's answer." },
  friends: { title: "Friends", empty: "No friends yet. Ask somebody by their name." },
};

/** Connects the button that opens the dialog. */
export function createTravellers(api, openButton) {
  const dialog = byId("travellers-dialog", HTMLDialogElement);
  const form = byId("friend-form");
  const name = byId("friend-name", HTMLInputElement);
  const askButton = byId("friend-ask");
  const error = byId("friend-error");
  const listsError = byId("friends-error");
  const profile = createProfileForm(api);
  const lists = Object.entries(LISTS).map(([kind, texts]) => createList(kind, texts, api, load));
  let latestRequest = 0;

  byId("own-profile").append(profile.node);
  byId("friend-lists").append(...lists.map(({ node }) => node));
  byId("close-travellers").addEventListener("click", () => dialog.close());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  openButton.addEventListener("click", () => {
    name.value = "";
    showError("");
    dialog.showModal();
    profile.load();
    load();
  });
  // The other's decision is shown when the traveller comes back to this window.
  document.addEventListener("visibilitychange", () => document.hidden || !dialog.open || load());
  addEventListener("focus", () => dialog.open && load());

  async function load() {
    const request = ++latestRequest;
    byId("friend-lists").setAttribute("aria-busy", "true");
    try {
      const { data } = await api.get(`/v1/friends?${new URLSearchParams({ timezone })}`);
      if (request !== latestRequest) return;
      listsError.textContent = "";
      for (const list of lists) list.show(data);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (request === latestRequest) listsError.textContent = problem.message;
    } finally {
      if (request === latestRequest) byId("friend-lists").removeAttribute("aria-busy");
    }
  }

  async function ask() {
    if (askButton.hasAttribute("aria-disabled")) return;
    const whom = name.value.trim();
    if (!whom) return showError("Write the name that the other shows in PAM.");
    showError("");
    setBusy(askButton, true);
    try {
      // Asked twice, it is still one request.
      const { data } = await api.postWithoutKey("/v1/friends", { name: whom, timezone });
      name.value = "";
      announce(data.text);
      byId("friend-status").textContent = data.text;
      load();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      showError(problem.message);
    } finally {
      setBusy(askButton, false);
    }
  }

  function showError(message) {
    error.textContent = message;
    name.setAttribute("aria-invalid", String(Boolean(message)));
    byId("friend-status").textContent = "";
    if (message) name.focus();
  }
}

/** Creates a list of friends or requests. Returns {node, show(answer)}; `answer` is the one of GET /v1/friends. */
function createList(kind, { title, empty }, api, onChanged) {
  const heading = el("h3", { id: `friends-${kind}`, tabindex: "-1" }, title);
  const list = el("ul", { class: "memory-list" });
  const status = el("p", { class: "muted" });
  const node = el("section", { class: "memory-section", "aria-labelledby": heading.id }, heading, list, status);
  let shown = "";
  return {
    node,
    show(answer) {
      // Loaded again without a change, the buttons stay, and one of them may have the focus.
      const content = JSON.stringify(answer[kind]);
      if (content === shown) return;
      shown = content;
      const hadFocus = list.contains(document.activeElement);
      const onDone = () => {
        heading.focus({ preventScroll: true });
        onChanged();
      };
      list.replaceChildren(...answer[kind].map((friend) => friendItem(friend, api, onDone)));
      status.textContent = answer[kind].length ? "" : empty;
      if (hadFocus) heading.focus({ preventScroll: true });
    },
  };
}
