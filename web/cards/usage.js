import { el } from "../dom.js";

/** Creates the collapsed details of a `done` frame's tokens, cost and latency; null if none are known. */
export function usageDetails({ usage, cost_usd: cost, latency_ms: latency }) {
  const rows = [
    usage && ["Model calls", formatNumber(usage.model_calls)],
    usage && ["Tokens read, not cached", formatNumber(usage.input_tokens)],
    usage && ["Tokens read from the cache", formatNumber(usage.cache_read_tokens)],
    usage && ["Tokens written to the cache", formatNumber(usage.cache_write_tokens)],
    usage && ["Tokens written", formatNumber(usage.output_tokens)],
    cost != null && ["Cost", formatCost(cost)],
    latency?.first_delta != null && ["First words after", formatSeconds(latency.first_delta)],
    latency?.total != null && ["Took in all", formatSeconds(latency.total)],
  ].filter(Boolean);
  if (!rows.length) return null;
  return el("details", { class: "usage" },
    el("summary", {}, "Cost and tokens"),
    el("dl", {}, ...rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))));
}

const formatNumber = (n) => new Intl.NumberFormat().format(n ?? 0);

/** Formats milliseconds as seconds: 2310 → "2.3 sec". */
function formatSeconds(ms) {
  /** @type {Intl.NumberFormatOptions} */
  const unit = { style: "unit", unit: "second", unitDisplay: "short" };
  const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  return new Intl.NumberFormat(undefined, { ...unit, ...digits }).format(ms / 1000);
}

/** Formats a cost in dollars with up to five decimals: a turn costs a fraction of a cent. */
const formatCost = (amount) => new Intl.NumberFormat(undefined, {
  style: "currency", currency: "USD", minimumFractionDigits: 2, maximumFractionDigits: 5,
}).format(amount);
