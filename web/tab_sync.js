// Tells the other tabs of this browser that a user's data has changed.

const CHANNEL = "pam";

/** Fires "datachange" after a write in another tab of the same user. `getUser()` returns the user's id, or null. */
export class TabSync extends EventTarget {
  #channel = new BroadcastChannel(CHANNEL);
  #getUser;

  constructor(getUser) {
    super();
    this.#getUser = getUser;
    this.#channel.addEventListener("message", ({ data }) => {
      if (data.user && data.user === getUser()) this.dispatchEvent(new Event("datachange"));
    });
  }

  /** Tells the other tabs about a write in this one. */
  send() {
    this.#channel.postMessage({ user: this.#getUser() });
  }
}
