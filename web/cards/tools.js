import { el, icon } from "../dom.js";

const STATES = {
  running: { icon: "clock", word: "Working" },
  done: { icon: "check", word: "Done" },
  failed: { icon: "warning", word: "Failed" },
  waiting: { icon: "question", word: "Waits for you" },
  dropped: { icon: "cross", word: "Not done" },
  left: { icon: "clock", word: "Left open" },
};

/** What Claude does on its way to an answer, a line for each. */
export function toolList() {
  const shown = new Map();   // by id: {frame, line}
  const node = el("ul", { class: "tools", "aria-label": "What Claude does", hidden: true });
  const all = (state) => [...shown.values()].map(({ frame }) => frame).filter((frame) => frame.state === state);

  /** Adds the line of a tool frame, or replaces it; says whether it is another one. */
  function show(frame) {
    const before = shown.get(frame.id);
    const line = toolLine(frame);
    if (before) before.line.replaceWith(line);
    else node.append(line);
    shown.set(frame.id, { frame, line });
    node.hidden = false;
    return !before;
  }

  return {
    node,
    show,
    get running() {
      return all("running").length > 0;
    },
    /** What waited for the traveller's word has it. */
    decided(name, decision) {
      const waiting = all("waiting").find((frame) => frame.name === name);
      if (waiting) show({ ...waiting, state: decision === "yes" ? "done" : "dropped" });
    },
    /** The turn has ended: what still runs will not be heard of. */
    end() {
      for (const frame of all("running")) show({ ...frame, state: "left" });
    },
  };
}

function toolLine({ state, summary, source }) {
  const { icon: name, word } = STATES[state] ?? STATES.running;
  return el("li", { "data-state": state },
    icon(name),
    el("p", {}, el("span", { class: "visually-hidden" }, `${word}: `), summary,
      source && el("span", { class: "soft" }, ` ${source}`)));
}
