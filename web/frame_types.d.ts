// Generated from the models of pam.chat.frames by `make openapi`.

/** A request to stop the answer to a message. */
export interface CancelFrame {
  action: string;
  message_id: string;
}

/** A question. The client chooses `message_id`: the same one is answered once, however often it arrives. `retry_of` is
 * the first message of a question that is asked again after an error: what that one wrote isn't written again. */
export interface ChatFrame {
  action: string;
  message_id: string;
  retry_of?: string | null;
  conversation_id?: string | null;
  /** What is asked, or an expense to add; not blank. */
  text: string;
  context?: DeviceContext;
}

/** The user's decision; `digest` is the one of the confirmation request that they saw. */
export interface ConfirmFrame {
  action: string;
  confirmation_id: string;
  decision: "yes" | "no";
  digest: string;
}

/** The device's location and time zone, and when the question was typed. */
export interface DeviceContext {
  timezone?: string | null;
  /** When it was typed, for an entry that is delivered later: “today” and “yesterday” count from then, in `timezone`.
   * At most 31 days ago, and not in the future. Without it, now. */
  typed_at?: string | null;
  location?: Location | null;
}

/** Where the device is, in degrees, rounded to a metre. */
export interface Location {
  latitude: number;
  longitude: number;
}

/** A request for a `pong`, which keeps the connection open. */
export interface PingFrame {
  action: string;
}

/** A request for all frames of a message after the one with the number `after`. */
export interface ResumeFrame {
  action: string;
  message_id: string;
  after: number;
}

/** The question is accepted: it will be answered, whatever happens to the connection. */
export interface Ack {
  type: "ack";
  message_id: string;
  conversation_id: string;
  seq: number;
}

/** Other questions of this conversation come first; `position` 1 is next. */
export interface Queued {
  type: "queued";
  position: number;
  message_id: string;
  conversation_id: string;
  seq: number;
}

/** A piece of the answer's text. */
export interface Delta {
  type: "delta";
  text: string;
  message_id: string;
  conversation_id: string;
  seq: number;
}

/** The state of a tool call; a later frame with the same `id` replaces it. `download` has the link to a file, its name
 * and until when it works; the model isn't sent it. */
export interface ToolLine {
  type: "tool";
  id: string;
  name: string;
  state: "running" | "done" | "failed" | "waiting";
  summary: string;
  source: string | null;
  download?: Record<string, string> | null;
  message_id: string;
  conversation_id: string;
  seq: number;
}

/** An action that is performed only if the user confirms exactly this before `expires_at`. `identities` has the id and
 * name of whom or what an argument names, by the argument. */
export interface ConfirmRequest {
  type: "confirm_request";
  confirmation_id: string;
  name: string;
  summary: string;
  arguments: Record<string, any>;
  identities: Record<string, Record<string, string>>;
  digest: string;
  expires_at: string;
  message_id: string;
  conversation_id: string;
  seq: number;
}

/** The outcome of a confirmation, how it is undone if it can be, and the link to a file that it made. */
export interface Confirmed {
  type: "confirmed";
  confirmation_id: string;
  decision: string;
  text: string;
  source: string | null;
  undo: Record<string, any>[];
  download?: Record<string, string> | null;
  message_id: string;
  conversation_id: string;
  seq: number;
}

/** The whole answer with its sources and cost. `cost_usd` is a decimal string; latencies are in milliseconds. `memory`
 * has the recalled passages, a line each: the day, the speaker, the text. `unverified` has the figures of the text that
 * nothing covers, as `{start, end, text}` with positions in UTF-16 code units. */
export interface Done {
  type: "done";
  text: string;
  tier: number;
  usage: Record<string, number> | null;
  cost_usd: string | null;
  latency_ms: Record<string, number | null>;
  sources: string[];
  as_of: string | null;
  simulated: boolean;
  answer: Record<string, any> | null;
  intent: string | null;
  slots: Record<string, any> | null;
  undo: Record<string, any>[];
  truncated: boolean;
  memory: string[];
  unverified: Record<string, any>[];
  message_id: string;
  conversation_id: string;
  seq: number;
}

/** The error that ends a message. Text that was sent before stays, and writes can be undone. */
export interface Failed {
  type: "error";
  code: string;
  message: string;
  retry_after?: number | null;
  undo?: Record<string, any>[];
  choices?: Record<string, string>[];
  message_id?: string;
  conversation_id?: string;
  seq?: number;
}

export interface Pong {
  type: "pong";
}

/** A frame of PAM. */
export type Frame =
  Ack | Queued | Delta | ToolLine | ConfirmRequest | Confirmed | Done | Failed | Pong;
