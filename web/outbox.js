// Idempotency keys of writes whose outcome is unknown. They survive a reload: the same body sent again, from whichever
// control, reuses its key and is executed once.

import { tabStorage } from "./storage.js";

const STORAGE_KEY = "pam.outbox";
const KEY_TTL_MS = 24 * 3_600_000;   // the API recognises a key for a day

/** Returns the idempotency key for a write: that of the same write whose outcome is unknown, otherwise a new one. */
export function getIdempotencyKey(path, body) {
  const pending = loadPending();
  const write = fingerprint(path, body);
  pending[write] ??= { key: crypto.randomUUID(), at: Date.now() };
  tabStorage.set(STORAGE_KEY, pending);
  return pending[write].key;
}

/** Returns whether this write was sent and its outcome is unknown. */
export const isPending = (path, body) => Object.hasOwn(loadPending(), fingerprint(path, body));

/** Removes a key whose write was accepted or refused; the next write with the same body gets a new key. */
export function removeIdempotencyKey(key) {
  const others = Object.entries(loadPending()).filter(([, write]) => write.key !== key);
  tabStorage.set(STORAGE_KEY, Object.fromEntries(others));
}

/** Removes all keys. */
export const clearOutbox = () => tabStorage.remove(STORAGE_KEY);

const fingerprint = (path, body) => `${path} ${JSON.stringify(body)}`;

function loadPending() {
  const writes = Object.entries(tabStorage.get(STORAGE_KEY) ?? {});
  return Object.fromEntries(writes.filter(([, write]) => Date.now() - write.at < KEY_TTL_MS));
}
