// Whatever can go wrong with a request, as one sentence for a traveller and what may be done about it.

export class Problem extends Error {
  /**
   * `retry`: sending the same again may succeed. `field`: the field of the form that the API refused.
   * `wait`: seconds until a retry makes sense. `status`: the HTTP status, 0 without an answer.
   */
  constructor(code, message, { retry = false, field = null, wait = 0, status = 0 } = {}) {
    super(message);
    Object.assign(this, { code, retry, field, wait, status });
  }
}

export const signedOut = () => new Problem("signed_out", "Please sign in first. What you wrote is kept.");

export const timedOut = () =>
  new Problem("timeout", "PAM took too long to answer.", { retry: true });

export const unreachable = () =>
  navigator.onLine
    ? new Problem("unreachable", "PAM can't be reached at the moment.", { retry: true })
    : new Problem("offline", "This device is offline.", { retry: true });

/** The problem in an answer that isn't 2xx. The API's own sentence is kept; the gateway's is not meant for people. */
export function refused(status, body) {
  const server = status >= 500;
  const retry = server || status === 429 || status === 408 || body?.retry_after != null;
  const message = body?.code && body.message ? body.message
    : status === 401 || status === 403 ? "PAM didn't accept the sign-in. Please sign in again."
    : status === 429 ? "That was a lot at once. Please wait a moment."
    : server ? "PAM can't answer at the moment."
    : "PAM couldn't take this.";
  return new Problem(body?.code ?? `http_${status}`, message, {
    retry, field: body?.field ?? null, wait: Number(body?.retry_after) || 0, status,
  });
}
