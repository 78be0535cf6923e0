// The toggle button "Use my location", and the note beside it that explains a failure.

import { announce, setBusy } from "./dom.js";

/** Connects the button and its note to a LocationWatcher. */
export function createLocationButton(button, note, location) {
  button.addEventListener("click", async () => {
    if (location.pending) return;
    if (location.position) {
      location.disable();
      announce("Your location is no longer used.");
    } else if (await location.enable()) {
      announce("Your location is used until you switch it off or close this page.");
    }
  });
  location.addEventListener("change", render);
  render();

  function render() {
    const { pending, position, error } = location;
    setBusy(button, pending);
    button.setAttribute("aria-pressed", String(Boolean(position)));
    note.textContent = pending ? "Finding where you are" : error;
  }
}
