import { announce, el, narrate, setBusy } from "../dom.js";
import { counted } from "../numbers.js";
import { badges, sentences } from "./card.js";
import { caution } from "./caution.js";
import { confirmation } from "./confirmation.js";
import { prose } from "./prose.js";
import { footer } from "./provenance.js";
import { toolList } from "./tools.js";
import { undoLine } from "./undo.js";
import { usageDetails } from "./usage.js";

const BY_CLAUDE = new Set(["delta", "tool", "confirm_request"]);
const NOT_RETRYABLE = /^(invalid_|turn_|cost_exceeded|daily_limit|model_refused)/;
const API = "/v1/";   // a request there carries the token, and goes nowhere else

/**
 * The answer to a message, as it comes: what Claude does, its text, what it asks to confirm, what can be undone.
 * `message` is a Message; of `actions`, cancel() stops it and is `false` where it was never sent, decide(request,
 * decision) says whether it could be sent, lapse(confirmationId) is for one whose time is over, undo(href) sends a
 * DELETE, retry() asks the same again, and now() is the server's clock.
 */
export function claudeCard(message, actions) {
  const tools = toolList();
  const text = prose(narrate);
  const confirmations = new Map();
  const head = el("div");   // who answers is known when the answer begins
  const asked = el("div", { class: "asks" });
  const status = el("p", { class: "pending" });
  const stop = el("button", { type: "button", class: "quiet", on: { click: cancel } }, "Stop");
  const going = el("div", { class: "going" }, status, stop);
  const node = el("article", { class: "card claude", "data-tier": 3, "aria-label": "Claude's answer" },
    head, tools.node, text.node, asked, going);
  let latest = null;
  let stopping = false;

  const takes = {
    delta: (frame) => text.append(frame.text),
    tool: showTool,
    confirm_request: ask,
    confirmed: decided,
    done: (frame) => frame.tier === 3 && finish(frame),   // a fast answer has a card of its own
    error: fail,
  };
  message.addEventListener("change", tell);
  message.addEventListener("frame", ({ detail: frame }) => {
    if (BY_CLAUDE.has(frame.type)) head.replaceChildren(badges({ tier: 3 }));
    takes[frame.type]?.(frame);
    latest = frame;
    tell();
  });
  message.addEventListener("refused", ({ detail }) => confirmations.get(detail.confirmationId)?.refuse(detail.error));
  tell();
  return node;

  function tell() {
    const words = progress();
    status.hidden = !words;
    if (status.textContent !== words) status.textContent = words;
    stop.firstChild.data = message.tried ? "Stop" : "Don't send";
    setBusy(stop, stopping || (message.tried && !message.online));
  }

  /** What is going on, where the answer itself doesn't show it. */
  function progress() {
    if (message.state === "waiting" && !message.online) return "Waiting. PAM sends this when the connection is back.";
    if (!message.online) return "The connection broke. The answer goes on when it is back.";
    if (stopping) return "Stopping";
    if (message.state !== "accepted") return "Sending";
    if (latest?.type === "queued") return `Waiting: ${counted(latest.position, "other answer")} first`;
    if (latest?.type === "delta" || tools.running) return "";
    return confirmations.size ? "" : "Claude is thinking";
  }

  function cancel() {
    if (stop.hasAttribute("aria-disabled")) return;
    if (actions.cancel()) {
      stopping = true;
      return tell();
    }
    leave();
    node.append(el("p", { class: "soft" }, "Not sent."), again("Send it after all"));
  }

  function showTool(frame) {
    if (tools.show(frame)) narrate(frame.summary);
  }

  function ask(request) {
    const id = request.confirmation_id;
    const card = confirmation(request, {
      ends: Date.now() + (Date.parse(request.expires_at) - actions.now()),
      decide: (decision) => actions.decide(request, decision),
      onLapse() {
        tools.decided(request.name, "no");
        actions.lapse(id);
      },
    });
    confirmations.set(id, { ...card, name: request.name });
    asked.append(card.node);
    announce(`PAM asks you to confirm: ${request.summary}`);
  }

  function decided(frame) {
    const card = confirmations.get(frame.confirmation_id);
    card?.settle(frame);
    tools.decided(card?.name, frame.decision);
    announce(frame.text);
  }

  function finish(frame) {
    leave();
    text.end(frame.text);
    head.replaceChildren(badges({ tier: 3, simulated: frame.simulated }));
    node.append(...[
      frame.truncated && el("p", { class: "soft" }, "This answer was ended early."),
      ...undos(frame),
      footer({ source: each(frame.sources), as_of: frame.as_of }),
      usageDetails(frame),
    ].filter(Boolean));
    announce("That is the whole answer.");
  }

  /** What can be undone; one alone needn't be named where the answer is about nothing else. */
  function undos({ undo, text: whole }) {
    const possible = (undo ?? []).filter(({ href }) => href.startsWith(API));
    return possible.map(({ text: done, href, expires_at }) => undoLine({
      ends: Date.now() + (Date.parse(expires_at) - actions.now()),
      about: possible.length === 1 && whole.startsWith(done) ? null : sentences(done)[0],
      undo: () => actions.undo(href),
    }));
  }

  function fail({ code, message: words, retry_after: wait, undo }) {
    leave();
    text.end();
    const best = wait ? ` Best after ${wait} s.` : "";
    node.append(caution(`${words}${best}`, { alarm: true }), ...undos({ undo, text: "" }));
    if (!NOT_RETRYABLE.test(code) && !undo?.length) node.append(again("Try again"));
    announce(words);
  }

  function again(words) {
    const line = el("div", { class: "actions" }, el("button", { type: "button", class: "quiet", on: { click() {
      line.remove();
      actions.retry();
    } } }, words));
    return line;
  }

  /** Nothing more comes. A keyboard user whose Stop button goes away stays on the card. */
  function leave() {
    const hadFocus = going.contains(document.activeElement);
    going.remove();
    tools.end();
    if (!hadFocus) return;
    node.tabIndex = -1;
    node.focus({ preventScroll: true });
  }
}

/** Sources, each once: one tool may name several. */
const each = (sources) => [...new Set((sources ?? []).flatMap((names) => names.split(", ")))].join(", ");
