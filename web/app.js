// The entry point: creates the parts of the page and connects them.

import { Api } from "./api.js";
import { Chat } from "./chat.js";
import { createComposer } from "./composer.js";
import { createConnectionStatus } from "./connection_status.js";
import { Conversation } from "./conversation.js";
import { startTimeUpdates } from "./dates.js";
import { announce, byId, el, setBusy } from "./dom.js";
import { createExpenseForm } from "./expense_form.js";
import { ExpenseQueue } from "./expense_queue.js";
import { LocationWatcher } from "./geolocation.js";
import { IntentPredictor } from "./intent_predictor.js";
import { createIntentPreview } from "./intent_preview.js";
import { createLocationButton } from "./location_button.js";
import { createMemories } from "./memories/dialog.js";
import { registerServiceWorker } from "./offline.js";
import { createPanel } from "./panel.js";
import { Problem } from "./problem.js";
import { ReconnectingSocket } from "./reconnecting_socket.js";
import { Session } from "./session.js";
import { createSignOut } from "./sign_out.js";
import { TabSync } from "./tab_sync.js";
import { createTravellers } from "./travellers/dialog.js";

const EXAMPLE_QUESTIONS = [
  "How much did I spend on gas this month?",
  "How's my budget?",
  "Weather in Moab tomorrow",
  "RV parks near Moab",
  "Fuel cost for 400 miles",
];
const EXAMPLE_EXPENSE = "Add $45 for gas";


async function start() {
  const config = await fetch("/config.json").then((response) => response.json());
  const session = new Session(config);
  const api = new Api(session);
  const predictor = new IntentPredictor();
  const location = new LocationWatcher();
  const socket = new ReconnectingSocket(() => api.postWithoutKey("/v1/ws-ticket").then(({ data }) => data));
  const conversation = new Conversation(socket, (message) => chat.getContext(message));
  const chat = new Chat(api, byId("turns"), { conversation, session, predictor, location, createSignInButton });
  const panel = createPanel(api, session);
  const preview = createIntentPreview(byId("intent-preview"), predictor, location);
  const composer = createComposer(byId("composer"), chat, preview);
  const expenses = new ExpenseQueue(api);
  const expenseActions = {
    remove: (expense) => expenses.remove(expense),
    change(expense) {
      expenses.remove(expense);
      expenseForm.change(expense.body);
    },
  };
  const expenseForm = createExpenseForm(api, {
    onAdded: (response) => chat.showAddedExpense(response),
    isConnected: () => conversation.isConnected,
    queue: (body) => chat.showQueuedExpense(expenses.add(body), expenseActions),
  });

  let user = null;
  let signInError = "";   // of the sign-in from which the browser has come back

  createMemories(api, byId("open-memories"), () => {
    // The page's own copies of what was said, but what PAM doesn't have yet.
    conversation.clear({ keepMessages: true });
    expenses.unload();
    chat.clear();
    restore();
  });
  createTravellers(api, byId("open-travellers"));
  createConnectionStatus(byId("connection"), socket);
  createLocationButton(byId("use-location"), byId("location-note"), location);
  byId("open-expense").addEventListener("click", expenseForm.open);
  createSignOut(byId("sign-out"), {
    countUnsent: () => conversation.unsentCount + expenses.size,
    signOut({ keepMessages }) {
      conversation.clear({ keepMessages });
      expenses.unload();
      if (!keepMessages) api.outbox.clear();
      session.signOut();
      location.disable();
      chat.clear();
      byId("welcome-title").focus();
      announce("Signed out.");
    },
  });
  socket.addEventListener("change", () => conversation.isConnected && expenses.send());
  const tabs = new TabSync(() => session.user);
  tabs.addEventListener("datachange", panel.refresh);
  chat.addEventListener("datachange", () => {
    panel.refresh();
    tabs.send();
  });
  // Another device may have written meanwhile, or a new day begun.
  document.addEventListener("visibilitychange", () => document.hidden || panel.refresh());
  byId("new-conversation").addEventListener("click", () => {
    chat.startNewConversation();
    byId("question").focus();
  });
  conversation.addEventListener("change", () => {
    byId("new-conversation").hidden = !session.signedIn || !conversation.hasStarted;
  });
  session.addEventListener("change", onSessionChange);
  signInError = await session.complete().then(() => "", toText);
  if (user === null) onSessionChange();
  startTimeUpdates();

  /** Shows the page for the current user. Connects at once, so that the first question needn't wait for it. */
  function onSessionChange() {
    render();
    panel.refresh();
    composer.setUser(session.user);
    if (!session.signedIn) return socket.close();
    if (user && user !== session.user) {
      conversation.unload();
      expenses.unload();
      chat.clear();
    }
    user = session.user;
    restore();
    chat.restoreUndo();
    socket.open();
  }

  function restore() {
    chat.restore({ ...conversation.load(session.user), expenses: expenses.load(session.user) }, expenseActions);
  }

  function render() {
    byId("account").hidden = !session.signedIn;
    const isOther = (config.demo_travellers ?? []).some(({ id }) => id === session.user);
    byId("account-name").textContent = isOther ? travellerName()
      : config.demo ? "Demo traveller, simulated data" : "Signed in";
    byId("welcome-action").replaceChildren(session.signedIn ? createExamples() : createSignInButton(signInError));
  }

  /** An example question is asked at once; the example expense is only typed in, because it would be stored. */
  function createExamples() {
    const chip = (text, onClick) => el("li", {},
      el("button", { type: "button", class: "chip", on: { click: onClick } }, text));
    return el("ul", { class: "chips", "aria-label": "Examples" },
      ...EXAMPLE_QUESTIONS.map((text) => chip(text, () => composer.ask(text))),
      chip(EXAMPLE_EXPENSE, () => composer.fill(EXAMPLE_EXPENSE)));
  }

  function createSignInButton(problem = "") {
    const error = el("p", { class: "error", role: "alert" }, problem);
    const others = config.demo_travellers ?? [];
    const buttons = config.demo ? [
      signInButton("Sign in as the demo traveller", "primary", null),
      ...others.map(({ id, name }) => signInButton(`Sign in as ${name}`, "secondary", id)),
    ] : [signInButton("Sign in", "primary", null)];
    return el("div", { class: "sign-in" }, ...buttons, error);

    function signInButton(label, look, subject) {
      const button = el("button", { type: "button", class: look, on: { async click() {
        if (buttons.some((each) => each.hasAttribute("aria-disabled"))) return;
        setBusy(button, true);
        error.textContent = signInError = "";
        try {
          await session.signIn(subject);
          if (!session.signedIn) return;   // the browser leaves for the issuer's page
          byId("welcome-title").focus();
          announce(`Signed in as ${travellerName()}.`);
        } catch (problem) {
          error.textContent = toText(problem);
        } finally {
          setBusy(button, false);
        }
      } } }, label);
      return button;
    }
  }

  /** Returns what to show of a sign-in's problem. */
  function toText(problem) {
    if (!(problem instanceof Problem)) throw problem;
    return `${problem.message} Please try again.`;
  }

  function travellerName() {
    const other = (config.demo_travellers ?? []).find(({ id }) => id === session.user);
    return other ? other.name : "the demo traveller";
  }
}

registerServiceWorker();
start().catch(() => {
  byId("welcome-text").textContent = "PAM can't be reached at the moment. Please load this page again.";
});
