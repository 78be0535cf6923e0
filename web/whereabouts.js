// Where the traveller is: asked of the browser on a press only, held in memory only, followed until it is switched off.

const OPTIONS = { enableHighAccuracy: false, timeout: 10_000, maximumAge: 60_000 };
const DENIED = 1;

/** Fires "change". `position` is {latitude, longitude}, or null while it is off. `trouble` says why it isn't on. */
export class Whereabouts extends EventTarget {
  position = null;
  trouble = "";
  asking = false;
  #watch = null;

  /** Resolves with whether the position is known. */
  switchOn() {
    if (this.position) return Promise.resolve(true);
    if (!navigator.geolocation) {
      return Promise.resolve(this.#fail("This browser can't tell where you are. Name a place instead."));
    }
    if (this.#watch !== null) navigator.geolocation.clearWatch(this.#watch);
    this.asking = true;
    this.trouble = "";
    this.#changed();
    return new Promise((resolve) => {
      this.#watch = navigator.geolocation.watchPosition(
        ({ coords }) => resolve(this.#found(coords)),
        ({ code }) => resolve(this.#lost(code)),
        OPTIONS,
      );
    });
  }

  switchOff() {
    if (this.#watch !== null) navigator.geolocation.clearWatch(this.#watch);
    this.#watch = this.position = null;
    this.asking = false;
    this.trouble = "";
    this.#changed();
  }

  /** A hundred metres are near enough for weather and parks, and tell nobody the pitch. */
  #found({ latitude, longitude }) {
    if (this.#watch === null) return false;   // switched off meanwhile
    const wasOn = this.position !== null;
    this.position = { latitude: round(latitude), longitude: round(longitude) };
    this.asking = false;
    this.trouble = "";
    if (!wasOn) this.#changed();
    return true;
  }

  #lost(code) {
    if (code !== DENIED && this.position) return true;   // the last known one still serves
    this.switchOff();
    return this.#fail(code === DENIED
      ? "Your browser doesn't share your location with this page. Name a place instead."
      : "Your location can't be found at the moment. Name a place instead.");
  }

  #fail(trouble) {
    this.trouble = trouble;
    this.#changed();
    return false;
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

const round = (degrees) => Math.round(degrees * 1000) / 1000;
