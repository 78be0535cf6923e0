// Exponential backoff with jitter.

const INITIAL_DELAY_MS = 1000;
const MAX_DELAY_MS = 30_000;

/**
 * Returns the milliseconds to wait after `failures` failures in a row, counted from 0.
 * The delay doubles with each failure; `random`, from 0 to 1, picks a value from its upper half, so that clients that
 * lost the same server don't all come back at the same moment.
 */
export function backoffDelay(failures, random = Math.random()) {
  const ceiling = Math.min(MAX_DELAY_MS, INITIAL_DELAY_MS * 2 ** failures);
  return ceiling / 2 + (random * ceiling) / 2;
}
