// A list of what PAM remembers of one kind, page by page.

import { alertBox } from "../cards/alert_box.js";
import { timezone } from "../dates.js";
import { announce, el, setBusy } from "../dom.js";
import { formatCount } from "../numbers.js";
import { Problem } from "../problem.js";
import { memoryItem } from "./item.js";

const TEXTS = {
  preferences: {
    title: "Standing preferences",
    note: "PAM adds these to every question that it sends to Claude: what you stated yourself first, then the newest, "
      + "up to 300 tokens, which is about 750 characters.",
    empty: "No preference that holds for every answer. Tell PAM, for instance: always answer in km.",
  },
  facts: { title: "Facts", empty: "No facts yet. PAM notes what lasts of your conversations, and what you ask it to remember." },
  episodes: { title: "Summaries of conversations", empty: "No summaries yet. PAM writes one some hours after a conversation." },
  messages: { title: "Messages", empty: "No messages yet. PAM finds earlier ones again when you ask about them." },
};

/** Creates a section. Returns {node, load(search)}; load resolves with the Problem of a failed request, or null. */
export function createSection(kind, api, { onDeleted }) {
  const { title, note, empty } = TEXTS[kind];
  const list = el("ul", { class: "memory-list" });
  const status = el("p", { class: "muted", role: "status" });
  const errorBox = el("div", { role: "alert" });
  const more = el("button", { type: "button", class: "secondary", hidden: true, on: { click: () => loadPage(false) } },
    "Show more", el("span", { class: "visually-hidden" }, `: ${title}`));
  const heading = el("h3", { id: `memory-${kind}`, tabindex: "-1" }, title);
  const node = el("section", { class: "memory-section", "aria-labelledby": heading.id },
    heading, note && el("p", { class: "muted" }, note), list, status, errorBox, more);
  let search = "";
  /** @type {string | null} */
  let cursor = null;
  let latestRequest = 0;

  return {
    node,
    load(words) {
      search = words;
      cursor = null;
      return loadPage(true);
    },
  };

  /** Loads the first page in place of the list, or appends the next one. */
  async function loadPage(isFirst) {
    if (!isFirst && more.hasAttribute("aria-disabled")) return null;
    const request = ++latestRequest;
    setBusy(more, true);
    errorBox.replaceChildren();
    node.setAttribute("aria-busy", "true");
    if (isFirst && !list.children.length) status.textContent = "Loading";
    try {
      const query = new URLSearchParams({ kind, search, timezone, ...(isFirst || !cursor ? {} : { cursor }) });
      const { data } = await api.get(`/v1/memories?${query}`);
      if (request === latestRequest) showPage(data, isFirst);
      return null;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (request === latestRequest) showProblem(problem, isFirst);
      return problem;
    } finally {
      if (request === latestRequest) node.removeAttribute("aria-busy");
      setBusy(more, false);
    }
  }

  function showPage({ memories, next_cursor: next }, isFirst) {
    const items = memories.map((memory) => memoryItem(memory, api, { onDeleted }));
    if (isFirst) list.replaceChildren();
    list.append(...items);
    cursor = next;
    status.textContent = list.children.length ? "" : search ? "Nothing with these words." : empty;
    if (!isFirst) {
      announce(`${formatCount(items.length, "more item")}${next ? "" : "; that's all"}.`);
      if (!next && document.activeElement === more) heading.focus({ preventScroll: true });
    }
    more.hidden = !next;
  }

  function showProblem(problem, isFirst) {
    if (isFirst) {
      list.replaceChildren();
      more.hidden = true;
    }
    status.textContent = "";
    if (problem.field === "search") return;
    const retry = el("button", { type: "button", class: "secondary", on: { click: () => loadPage(isFirst) } }, "Try again");
    errorBox.replaceChildren(alertBox(problem.message, { severe: true }), el("div", { class: "actions" }, retry));
  }
}
