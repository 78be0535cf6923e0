// Opening the page without a connection.

const WORKER = "/service_worker.js";

/**
 * Registers the service worker when the page is loaded, so that its downloads don't delay the page. Where the browser
 * has none or refuses it, as in some private windows, the page works as long as there is a connection.
 */
export function registerServiceWorker() {
  addEventListener("load", () => {
    navigator.serviceWorker?.register(WORKER, { updateViaCache: "none" }).catch(() => { /* see above */ });
  });
}
