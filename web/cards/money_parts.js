// What answers about money share.

import { dayIn } from "../dates.js";
import { el } from "../dom.js";
import { money } from "../money.js";

/** The day of an answer on the traveller's own calendar. */
export const dateOf = (answer) => dayIn(answer.window.time_zone, answer.as_of);

/** Money in other currencies is in no total; it must not vanish either. */
export function otherCurrencies(answer) {
  if (!answer.other_currencies?.length) return null;
  const sums = answer.other_currencies.map((sum) => money(sum.total, sum.currency)).join(", ");
  return el("p", { class: "soft" }, `Not in these figures: ${sums} in other currencies.`);
}
