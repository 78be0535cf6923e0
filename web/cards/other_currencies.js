import { el } from "../dom.js";
import { formatMoney } from "../money.js";

/** Creates the note on amounts in other currencies, which are in no total; null if there are none. */
export function otherCurrencies(answer) {
  if (!answer.other_currencies?.length) return null;
  const totals = answer.other_currencies.map(({ total, currency }) => formatMoney(total, currency)).join(", ");
  return el("p", { class: "muted" }, `Not in these figures: ${totals} in other currencies.`);
}
