import { amountChart } from "../chart.js";
import { days } from "../dates.js";
import { money } from "../money.js";
import { counted } from "../numbers.js";
import { card } from "./card.js";
import { dateOf, otherCurrencies } from "./money_parts.js";
import { stats, whole } from "./stats.js";

const KINDS = { gas: "Fuel", campground: "Campgrounds", route: "Routes", other: "Other" };

/** What was saved, in all and by kind. `answer` is the body of GET /v1/savings. */
export function savingsTotalCard(answer, { ms }) {
  const { by_kind: kinds, currency } = answer;
  const rows = kinds.map(({ kind, total, count }) => [KINDS[kind] ?? kind, total, counted(count, "time")]);
  const when = days(answer.window, dateOf(answer));
  const chart = { caption: `Savings by kind, ${when}`, headings: ["Kind", "Amount", "How often"] };
  return card({ ...answer, ms }, answer.text,
    stats(["Saved", money(answer.total, currency), [`${counted(answer.count, "time")}, `, whole(when)]]),
    rows.length > 0 && amountChart(rows, currency, chart),
    otherCurrencies(answer));
}
