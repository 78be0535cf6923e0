const TOLERANCE_S = 5;   // the server's clock is read from a header in whole seconds, some time after it was written

/** 540 → "9 min left"; a few seconds too many are not another minute. */
export function timeLeft(seconds) {
  if (seconds > 60) return `${Math.ceil((seconds - TOLERANCE_S) / 60)} min left`;
  return `${Math.max(0, seconds)} s left`;
}
