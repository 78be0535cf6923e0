import { el } from "../dom.js";

/** What an answer of Claude's took, folded away; null where nothing is known. `done` is the frame. */
export function usageDetails({ usage, cost_usd: cost, latency_ms: latency }) {
  const lines = [
    usage && ["Model calls", count(usage.model_calls)],
    usage && ["Tokens read, not cached", count(usage.input_tokens)],
    usage && ["Tokens read from the cache", count(usage.cache_read_tokens)],
    usage && ["Tokens written to the cache", count(usage.cache_write_tokens)],
    usage && ["Tokens written", count(usage.output_tokens)],
    cost != null && ["Cost", dollars(cost)],
    latency?.first_delta != null && ["First words after", seconds(latency.first_delta)],
    latency?.total != null && ["Took in all", seconds(latency.total)],
  ].filter(Boolean);
  if (!lines.length) return null;
  return el("details", { class: "usage" },
    el("summary", {}, "Cost and tokens"),
    el("dl", {}, ...lines.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))));
}

const count = (n) => new Intl.NumberFormat().format(n ?? 0);

/** 2310 → "2.3 s" */
function seconds(ms) {
  const style = { style: "unit", unit: "second", unitDisplay: "short" };
  const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  return new Intl.NumberFormat(undefined, { ...style, ...digits }).format(ms / 1000);
}

/** A turn costs parts of a cent: as many digits as say something. */
const dollars = (amount) => new Intl.NumberFormat(undefined, {
  style: "currency", currency: "USD", minimumFractionDigits: 2, maximumFractionDigits: 5,
}).format(amount);
