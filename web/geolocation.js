// The device's location: requested only when the user presses the button, held in memory only, and watched until it is
// disabled.

const WATCH_OPTIONS = { enableHighAccuracy: false, timeout: 10_000, maximumAge: 60_000 };
const PERMISSION_DENIED = 1;

/**
 * Watches the location of this device. Fires "change".
 * `position` is {latitude, longitude}, or null while disabled; `pending` is true while the browser locates the device;
 * `error` is a sentence that explains why the location isn't available, or "".
 */
export class LocationWatcher extends EventTarget {
  /** @type {import("./api_types.js").Location | null} */
  position = null;
  pending = false;
  error = "";
  /** @type {number | null} */
  #watchId = null;

  /** Starts to watch the location; resolves with whether it is known. */
  enable() {
    if (this.position) return Promise.resolve(true);
    if (!navigator.geolocation) {
      return Promise.resolve(this.#fail("This browser can't tell where you are. Name a place instead."));
    }
    this.#clearWatch();
    this.pending = true;
    this.error = "";
    this.#emitChange();
    return new Promise((resolve) => {
      this.#watchId = navigator.geolocation.watchPosition(
        ({ coords }) => resolve(this.#onPosition(coords)),
        ({ code }) => resolve(this.#onError(code)),
        WATCH_OPTIONS,
      );
    });
  }

  /** Stops to watch the location and forgets it. */
  disable() {
    this.#clearWatch();
    this.position = null;
    this.pending = false;
    this.error = "";
    this.#emitChange();
  }

  // Rounded to about 100 m: enough for weather and parks, without revealing the exact site.
  #onPosition({ latitude, longitude }) {
    if (this.#watchId === null) return false;   // disabled in the meantime
    const wasKnown = this.position !== null;
    this.position = { latitude: round(latitude), longitude: round(longitude) };
    this.pending = false;
    this.error = "";
    if (!wasKnown) this.#emitChange();
    return true;
  }

  #onError(code) {
    if (code !== PERMISSION_DENIED && this.position) return true;   // the last known position is still usable
    this.disable();
    return this.#fail(code === PERMISSION_DENIED
      ? "Your browser doesn't share your location with this page. Name a place instead."
      : "Your location can't be found at the moment. Name a place instead.");
  }

  #fail(error) {
    this.error = error;
    this.#emitChange();
    return false;
  }

  #clearWatch() {
    if (this.#watchId !== null) navigator.geolocation.clearWatch(this.#watchId);
    this.#watchId = null;
  }

  #emitChange() {
    this.dispatchEvent(new Event("change"));
  }
}

const round = (degrees) => Math.round(degrees * 1000) / 1000;
