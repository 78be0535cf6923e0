import { announce, el, icon, queueAnnouncement, setBusy } from "../dom.js";
import { CHAT_TIER } from "../intents.js";
import { formatCount } from "../numbers.js";
import { alertBox } from "./alert_box.js";
import { badges, emphasizeFirstSentence } from "./card.js";
import { createConfirmation } from "./confirmation.js";
import { errorReference } from "./error_reference.js";
import { createMarkdownView } from "./markdown_view.js";
import { footer } from "./provenance.js";
import { recalledDetails } from "./recalled.js";
import { createToolList } from "./tool_list.js";
import { undoControl } from "./undo_control.js";
import { unverifiedNote } from "./unverified.js";
import { usageDetails } from "./usage.js";

const CLAUDE_FRAMES = new Set(["delta", "tool", "confirm_request"]);
const NOT_RETRYABLE = /^(invalid_|turn_timed_out|cost_exceeded|daily_limit|model_refused|message_refused|chat_suspended)/;
const EXPIRED = "This has waited for more than 30 days, so PAM hasn't sent it. If you send it now, “today” in it means "
  + "the day on which you send it.";
const UNSTORED = "Waiting for the connection. This browser stores nothing, so please keep this page open.";
const API_PREFIX = "/v1/";   // an undo request carries the token, so it may go nowhere else

/**
 * Creates the card that shows a message's answer while its frames arrive: tools, text, confirmations, undo, errors.
 * `message` is a Message. Of `actions`, cancel() returns false if the message was never sent; decide(request, decision)
 * returns false if not connected; expireConfirmation(id) closes one whose time is over; undo(href) sends a DELETE;
 * sendExpired() sends one that has waited too long; retry() asks the same again; now() is the server's clock. `undone`
 * has sentences about writes that were undone before, by their href.
 */
export function claudeAnswerCard(message, actions) {
  const tools = createToolList();
  const text = createMarkdownView(queueAnnouncement);
  const confirmations = new Map();
  const head = el("div");   // stays empty until a frame shows that Claude answers
  const confirmationList = el("div", { class: "confirmations" });
  const status = el("p", { class: "pending" });
  const sendNow = el("button", { type: "button", class: "secondary", hidden: true, on: { click: actions.sendExpired } },
    "Send it now");
  const stop = el("button", { type: "button", class: "secondary", on: { click: cancel } }, "Stop");
  const progress = el("div", { class: "progress" }, status, sendNow, stop);
  const node = el("article", { class: "card claude", "data-tier": CHAT_TIER, "aria-label": "Claude's answer" },
    head, tools.node, text.node, confirmationList, progress);
  /** @type {import("../frame_types.js").Frame | null} */
  let latestFrame = null;
  let isCancelling = false;

  const frameHandlers = {
    delta: (frame) => text.append(frame.text),
    tool: onTool,
    confirm_request: onConfirmRequest,
    confirmed: onConfirmed,
    done: (frame) => frame.tier === CHAT_TIER && onDone(frame),   // a fast answer gets another card
    error: onError,
  };
  message.addEventListener("change", renderProgress);
  message.addEventListener("frame", ({ detail: frame }) => {
    if (CLAUDE_FRAMES.has(frame.type)) head.replaceChildren(badges({ tier: CHAT_TIER }));
    frameHandlers[frame.type]?.(frame);
    latestFrame = frame;
    renderProgress();
  });
  message.addEventListener("decision_rejected", ({ detail: { confirmationId, error } }) => {
    confirmations.get(confirmationId)?.reject(error);
  });
  renderProgress();
  return node;

  function renderProgress() {
    const statusText = describeProgress();
    status.hidden = !statusText;
    if (status.textContent !== statusText) status.textContent = statusText;
    sendNow.hidden = !message.isExpired;
    stop.firstChild.data = message.wasSent && !message.isExpired ? "Stop" : "Don't send";
    setBusy(stop, isCancelling || (message.wasSent && !message.online && !message.isExpired));
  }

  /** Returns the status, or "" while the answer itself shows the progress. */
  function describeProgress() {
    if (message.isExpired) return EXPIRED;
    if (message.state === "waiting" && !message.isStored) return UNSTORED;
    if (message.state === "waiting" && !message.online) return "Waiting. PAM sends this when the connection is back.";
    if (!message.online) return "The connection broke. The answer goes on when it is back.";
    if (isCancelling) return "Stopping";
    if (message.state !== "accepted") return "Sending";
    if (latestFrame?.type === "queued") return `Waiting: ${formatCount(latestFrame.position, "other answer")} first`;
    if (latestFrame?.type === "delta" || tools.hasRunning) return "";
    return confirmations.size ? "" : "Claude is thinking";
  }

  function cancel() {
    if (stop.hasAttribute("aria-disabled")) return;
    if (actions.cancel()) {
      isCancelling = true;
      return renderProgress();
    }
    endProgress();
    node.append(el("p", { class: "muted" }, "Not sent."), retryButton("Send it after all"));
  }

  function onTool(frame) {
    if (tools.show(frame)) queueAnnouncement(frame.summary);
  }

  function onConfirmRequest(request) {
    const id = request.confirmation_id;
    const confirmation = createConfirmation(request, {
      expiresAt: toLocalClock(request.expires_at),
      decide: (decision) => actions.decide(request, decision),
      onExpire() {
        tools.setDecision(request.name, "no");
        actions.expireConfirmation(id);
      },
    });
    confirmations.set(id, { ...confirmation, toolName: request.name });
    confirmationList.append(confirmation.node);
    announce(`PAM asks you to confirm: ${request.summary}`);
  }

  function onConfirmed(frame) {
    const confirmation = confirmations.get(frame.confirmation_id);
    confirmation?.showOutcome(frame);
    tools.setDecision(confirmation?.toolName, frame.decision);
    confirmation?.node.append(...undoControls(frame));
    announce(frame.text);
  }

  function onDone(frame) {
    endProgress();
    text.end(frame.text, frame.unverified);
    head.replaceChildren(badges({ tier: CHAT_TIER, simulated: frame.simulated }));
    node.append(...[
      unverifiedNote(frame),
      frame.truncated && el("p", { class: "muted" }, "This answer was ended early."),
      ...undoControls(frame),
      footer({ source: joinUnique(frame.sources), as_of: frame.as_of }),
      recalledDetails(frame),
      usageDetails(frame),
    ].filter(Boolean));
    announce("That is the whole answer.");
  }

  /** Creates the undo controls. A single one has no label if the answer is only about what it undoes. */
  function undoControls({ undo, text: answer }) {
    const undoable = (undo ?? []).filter(({ href }) => href.startsWith(API_PREFIX));
    return undoable.map(({ text: description, href, expires_at }) => {
      if (actions.undone[href]) return undoneNote(href);
      return undoControl({
        href,
        expiresAt: toLocalClock(expires_at),
        label: undoable.length === 1 && answer.startsWith(description) ? null : emphasizeFirstSentence(description)[0],
        undo: () => actions.undo(href),
      });
    });
  }

  /** Creates the note about a write that was undone before the page was loaded. */
  function undoneNote(href) {
    return el("p", { class: "muted" }, icon("check"), ` Undone. ${actions.undone[href]}`);
  }

  function onError({ code, message: description, retry_after: wait, undo }) {
    endProgress();
    text.end();
    const advice = wait ? ` Best after ${wait} s.` : "";
    node.append(alertBox(`${description}${advice}`, { severe: true }), ...undoControls({ undo, text: "" }),
      errorReference(message.id));
    if (!NOT_RETRYABLE.test(code) && !undo?.length) node.append(retryButton("Try again"));
    announce(description);
  }

  function retryButton(label) {
    const row = el("div", { class: "actions" }, el("button", { type: "button", class: "secondary", on: { click() {
      row.remove();
      actions.retry();
    } } }, label));
    return row;
  }

  /** Removes the status and the Stop button. If the button had the focus, the card gets it. */
  function endProgress() {
    const hadFocus = progress.contains(document.activeElement);
    progress.remove();
    tools.end();
    if (!hadFocus) return;
    node.tabIndex = -1;
    node.focus({ preventScroll: true });
  }

  /** Converts a time of the server to ms since 1970 on this device's clock. */
  function toLocalClock(iso) {
    return Date.now() + (Date.parse(iso) - actions.now());
  }
}

/** Joins the sources, each of which may be a list, without repetition. */
const joinUnique = (sources) => [...new Set((sources ?? []).flatMap((names) => names.split(", ")))].join(", ");
