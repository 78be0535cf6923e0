// How long to wait before the next try: twice as long each time, and not the same for everybody who waits.

const FIRST_MS = 1000;
const MOST_MS = 30_000;

/** Milliseconds to wait after so many failures in a row, counted from 0. `random` is from 0 to 1. */
export function backoff(failures, random = Math.random()) {
  const most = Math.min(MOST_MS, FIRST_MS * 2 ** failures);
  return most / 2 + (random * most) / 2;
}
