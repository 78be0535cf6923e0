// Wires the page together. Each module below knows nothing of the others.

import { Api } from "./api.js";
import { Chat } from "./chat.js";
import { createComposer } from "./composer.js";
import { createConnection } from "./connection.js";
import { Conversation } from "./conversation.js";
import { keepTimesCurrent } from "./dates.js";
import { announce, el, setBusy } from "./dom.js";
import { createExpenseForm } from "./expense_form.js";
import { createHint } from "./hint.js";
import { createLocationButton } from "./location_button.js";
import { forgetWrites } from "./outbox.js";
import { createPanel } from "./panel.js";
import { Problem } from "./problem.js";
import { Session } from "./session.js";
import { Socket } from "./socket.js";
import { Understanding } from "./understanding.js";
import { Whereabouts } from "./whereabouts.js";

const QUESTIONS = [
  "How much did I spend on gas this month?",
  "How's my budget?",
  "Weather in Moab tomorrow",
  "RV parks near Moab",
  "Fuel cost for 400 miles",
];
const EXPENSE = "Add $45 for gas";

const byId = (id) => document.getElementById(id);

async function start() {
  const config = await fetch("/config.json").then((answer) => answer.json());
  const session = new Session(config);
  const api = new Api(session);
  const understanding = new Understanding();
  const whereabouts = new Whereabouts();
  const socket = new Socket(() => api.another("/v1/ws-ticket").then(({ data }) => data));
  const conversation = new Conversation(socket, (text) => chat.context(text));
  const chat = new Chat(api, byId("turns"), { conversation, session, signInButton, understanding, whereabouts });
  const panel = createPanel(api, session);
  const composer = createComposer(byId("composer"), chat, createHint(byId("hint"), understanding, whereabouts));
  const expenseForm = createExpenseForm(api, (added) => chat.showAdded(added));

  let user = null;

  createConnection(byId("connection"), socket);
  createLocationButton(byId("use-location"), byId("location-note"), whereabouts);
  byId("open-expense").addEventListener("click", expenseForm.open);
  byId("sign-out").addEventListener("click", () => {
    conversation.forget();
    session.signOut();
    whereabouts.switchOff();
    chat.clear();
    forgetWrites();
    byId("welcome-title").focus();
    announce("Signed out.");
  });
  chat.addEventListener("written", panel.refresh);
  byId("new-conversation").addEventListener("click", () => {
    chat.startAnew();
    byId("question").focus();
  });
  conversation.addEventListener("change", () => {
    byId("new-conversation").hidden = !session.signedIn || !conversation.going;
  });
  session.addEventListener("change", signedInOrOut);
  signedInOrOut();
  keepTimesCurrent();

  /** The line is open before the first question, so that it needn't wait for it. */
  function signedInOrOut() {
    draw();
    panel.refresh();
    if (!session.signedIn) return socket.close();
    if (user && user !== session.user) {
      conversation.stop();
      chat.clear();
    }
    user = session.user;
    chat.restore(conversation.start(user));
    socket.open();
  }

  function draw() {
    byId("who").hidden = !session.signedIn;
    byId("who-name").textContent = config.demo ? "Demo traveller, simulated data" : "Signed in";
    byId("welcome-action").replaceChildren(session.signedIn ? examples() : signInButton());
  }

  /** Questions are asked at once; the expense is only written down, for it would change the books. */
  function examples() {
    const chip = (text, press) => el("li", {},
      el("button", { type: "button", class: "chip", on: { click: press } }, text));
    return el("ul", { class: "chips", "aria-label": "Examples" },
      ...QUESTIONS.map((text) => chip(text, () => composer.ask(text))),
      chip(EXPENSE, () => composer.fill(EXPENSE)));
  }

  function signInButton() {
    if (!config.demo) return el("p", {}, "This stage has no demo traveller to sign in as.");
    const trouble = el("p", { class: "error", role: "alert" });
    const button = el("button", { type: "button", class: "primary", on: { async click() {
      if (button.hasAttribute("aria-disabled")) return;
      setBusy(button, true);
      trouble.textContent = "";
      try {
        await session.signIn();
        byId("welcome-title").focus();
        announce("Signed in as the demo traveller.");
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        trouble.textContent = `${problem.message} Please try again.`;
      } finally {
        setBusy(button, false);
      }
    } } }, "Sign in as the demo traveller");
    return el("div", {}, button, trouble);
  }
}

start().catch(() => {
  byId("welcome-text").textContent = "PAM can't be reached at the moment. Please load this page again.";
});
