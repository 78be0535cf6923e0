import { el, icon } from "../dom.js";
import { downloadLink } from "./download_link.js";

const STATES = {
  running: { icon: "clock", label: "Working" },
  done: { icon: "check", label: "Done" },
  failed: { icon: "warning", label: "Failed" },
  waiting: { icon: "question", label: "Waits for you" },
  declined: { icon: "cross", label: "Not done" },
  unfinished: { icon: "clock", label: "Left open" },
};

/** Creates the list of tools that Claude uses for an answer, with their states. */
export function createToolList() {
  const items = new Map();   // by tool use id: {frame, node}
  const node = el("ul", { class: "tools", "aria-label": "What Claude does", hidden: true });
  const framesIn = (state) => [...items.values()].map(({ frame }) => frame).filter((frame) => frame.state === state);

  /** Shows a tool frame, in place of an earlier one with the same id; returns whether there was none. */
  function show(frame) {
    const previous = items.get(frame.id);
    const item = toolItem(frame);
    if (previous) previous.node.replaceWith(item);
    else node.append(item);
    items.set(frame.id, { frame, node: item });
    node.hidden = false;
    return !previous;
  }

  return {
    node,
    show,
    get hasRunning() {
      return framesIn("running").length > 0;
    },
    /** Shows the user's decision, "yes" or "no", on the tool that waits for it. */
    setDecision(name, decision) {
      const waiting = framesIn("waiting").find((frame) => frame.name === name);
      if (waiting) show({ ...waiting, state: decision === "yes" ? "done" : "declined" });
    },
    /** Marks running tools as unfinished: after the end of the turn, no result comes. */
    end() {
      for (const frame of framesIn("running")) show({ ...frame, state: "unfinished" });
    },
  };
}

function toolItem({ state, summary, source, download }) {
  const { icon: name, label } = STATES[state] ?? STATES.running;
  return el("li", { "data-state": state },
    icon(name),
    el("p", {}, el("span", { class: "visually-hidden" }, `${label}: `), summary,
      source && el("span", { class: "muted" }, ` ${source}`), downloadLink(download)));
}
