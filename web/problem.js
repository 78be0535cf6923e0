/** A failed request: a sentence for the user, and what can be done about it. */
export class Problem extends Error {
  /**
   * `retry`: the same request may succeed later. `field`: the form field that the API refused.
   * `wait`: seconds until a retry makes sense. `status`: the HTTP status, 0 without a response.
   * `choices`: the meanings that an ambiguous field can have. `reference` finds it in PAM's logs.
   * @param {string} code
   * @param {string} message
   * @param {{retry?: boolean, field?: string | null, wait?: number, status?: number,
   *   choices?: import("./api_types.js").Choice[], reference?: string | null}} [details]
   */
  constructor(code, message, { retry = false, field = null, wait = 0, status = 0, choices = [], reference = null } = {}) {
    super(message);
    this.code = code;
    this.retry = retry;
    this.field = field;
    this.wait = wait;
    this.status = status;
    this.choices = choices;
    this.reference = reference;
  }
}

/** Creates the problem of a request that needs a signed-in user. */
export const signedOutProblem = () => new Problem("signed_out", "Please sign in first. What you wrote is kept.");

/** A request that only a new sign-in helps: the user's sign-in has ended. */
export class SignInEndedProblem extends Problem {
  constructor() {
    super("signed_out", "Please sign in again. What you wrote is kept.");
  }
}

/** Creates the problem of a request without a response in time. */
export const timeoutProblem = () =>
  new Problem("timeout", "PAM took too long to answer.", { retry: true });

/** Creates the problem of a request that couldn't be sent, or whose response couldn't be read. */
export const networkProblem = () =>
  navigator.onLine
    ? new Problem("unreachable", "PAM can't be reached at the moment.", { retry: true })
    : new Problem("offline", "This device is offline.", { retry: true });

/**
 * Creates the problem of a response that isn't 2xx. Only the API's own message is shown, not the gateway's.
 * @param {number} status
 * @param {any} body
 * @param {string | null} reference
 */
export function responseProblem(status, body, reference = null) {
  const isServerError = status >= 500;
  const retry = isServerError || status === 429 || status === 408 || body?.retry_after != null;
  const message = body?.code && body.message ? body.message
    : status === 401 || status === 403 ? "PAM didn't accept the sign-in. Please sign in again."
    : status === 429 ? "That was a lot at once. Please wait a moment."
    : isServerError ? "PAM can't answer at the moment."
    : "PAM couldn't take this.";
  return new Problem(body?.code ?? `http_${status}`, message, {
    retry, field: body?.field ?? null, wait: Number(body?.retry_after) || 0, status,
    choices: body?.choices ?? [], reference,
  });
}
