import { el } from "../dom.js";

/** Creates the line with the id that finds an error in PAM's logs. */
export const errorReference = (id) => el("p", { class: "muted reference" }, "Reference: ", el("code", {}, id));
