// A write whose outcome isn't known keeps its Idempotency-Key, also over a reload of the page:
// sent again with the same body, by whichever button, it is the same write.

import { forget, load, save } from "./store.js";

const SLOT = "pam.unsettled";
const KEPT_MS = 24 * 3_600_000;

/** The key for this write: the one it was sent under before, while its outcome is unknown, or a new one. */
export function keyFor(path, body) {
  const unsettled = held();
  const write = nameOf(path, body);
  unsettled[write] ??= { key: crypto.randomUUID(), at: Date.now() };
  save(SLOT, unsettled);
  return unsettled[write].key;
}

/** Whether this write has been sent, and nobody knows whether it arrived. */
export const isUnsettled = (path, body) => Object.hasOwn(held(), nameOf(path, body));

/** The API has accepted or refused this write: the next one like it is a new one. */
export function settle(key) {
  save(SLOT, Object.fromEntries(Object.entries(held()).filter(([, one]) => one.key !== key)));
}

const nameOf = (path, body) => `${path} ${JSON.stringify(body)}`;

/** A day later the same words are a new wish. */
function held() {
  return Object.fromEntries(Object.entries(load(SLOT) ?? {}).filter(([, one]) => Date.now() - one.at < KEPT_MS));
}

export const forgetWrites = () => forget(SLOT);
