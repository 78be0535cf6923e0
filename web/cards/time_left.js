// The server's clock is known from its Date header only, which is rounded to seconds and some time old.
const TOLERANCE_S = 5;

/** Formats the time left: 540 → "9 min left". */
export function formatTimeLeft(seconds) {
  if (seconds > 60) return `${Math.ceil((seconds - TOLERANCE_S) / 60)} min left`;
  return `${Math.max(0, seconds)} s left`;
}
