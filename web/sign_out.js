// Signing out. Messages that PAM doesn't have yet are only deleted if the user says so.

import { byId } from "./dom.js";

/**
 * Connects the button. `countUnsent()` returns how many entries would be lost; `signOut({keepMessages})` signs out.
 */
export function createSignOut(button, { countUnsent, signOut }) {
  const dialog = byId("sign-out-dialog", HTMLDialogElement);
  const text = byId("sign-out-text");
  const on = (id, action) => byId(id).addEventListener("click", () => {
    dialog.close();
    action?.();
  });

  on("sign-out-keep", () => signOut({ keepMessages: true }));
  on("sign-out-delete", () => signOut({ keepMessages: false }));
  on("sign-out-cancel");
  button.addEventListener("click", () => {
    const unsent = countUnsent();
    if (!unsent) return signOut({ keepMessages: false });
    const [what, they, them] = unsent === 1 ? ["One entry hasn't", "it", "it"]
      : [`${new Intl.NumberFormat().format(unsent)} entries haven't`, "they", "them"];
    text.textContent = `${what} been sent yet. PAM can keep ${them} on this `
      + `device: ${they} will be sent when you sign in here again, and nobody else will see ${them} on this page.`;
    dialog.showModal();
  });
}
