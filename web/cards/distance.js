import { el } from "../dom.js";
import { formatDrivingTime, formatQuantity } from "../numbers.js";
import { card } from "./card.js";
import { stats } from "./stats.js";

/**
 * Creates the card of a distance and driving time.
 * @param {import("../api_types.js").Distance} answer the body of GET /v1/distance
 */
export function distanceCard(answer, { ms }) {
  return card({ ...answer, ms }, answer.text,
    routeEndpoints(answer),
    stats(
      ["Distance", formatQuantity(answer.distance, answer.unit, answer.distance < 10 ? 1 : 0), ["by road"]],
      ["Driving time", formatDrivingTime(answer.duration_s), ["by car, without stops, in usual traffic"]],
    ));
}

/**
 * Creates the list of a route's origin and destination.
 * @param {{origin: import("../api_types.js").NamedPoint | null,
 *   destination: import("../api_types.js").NamedPoint | null}} answer
 */
export const routeEndpoints = ({ origin, destination }) => el("ol", { class: "route", "aria-label": "From and to" },
  el("li", {}, placeName(origin)), el("li", {}, placeName(destination)));

/** @param {import("../api_types.js").NamedPoint | null} place */
const placeName = (place) => place && place.name.charAt(0).toUpperCase() + place.name.slice(1);
