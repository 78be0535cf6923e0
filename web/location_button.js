// The button that switches "Use my location" on and off, and the line that says what is wrong with it.

import { announce, setBusy } from "./dom.js";

export function createLocationButton(button, note, whereabouts) {
  button.addEventListener("click", async () => {
    if (whereabouts.asking) return;
    if (whereabouts.position) {
      whereabouts.switchOff();
      announce("Your location is no longer used.");
    } else if (await whereabouts.switchOn()) {
      announce("Your location is used until you switch it off or close this page.");
    }
  });
  whereabouts.addEventListener("change", draw);
  draw();

  function draw() {
    const { asking, position, trouble } = whereabouts;
    setBusy(button, asking);
    button.setAttribute("aria-pressed", String(Boolean(position)));
    note.textContent = asking ? "Finding where you are" : trouble;
  }
}
