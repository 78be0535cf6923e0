import { el } from "../dom.js";

/** Creates the card of a question that needs the user's location. `shareLocation()` enables it and asks again. */
export function locationPromptCard(shareLocation) {
  const text = "PAM needs to know where you are to answer this.";
  return el("article", { class: "card", "aria-label": text },
    el("p", { class: "card-text" }, text),
    el("p", {},
      "Use your location, or ask again with a place: “in Moab”, “near Denver”. ",
      "This page keeps your location only while it is open."),
    el("div", { class: "actions" },
      el("button", { type: "button", class: "primary", on: { click: shareLocation } },
        "Use my location and ask again")));
}
