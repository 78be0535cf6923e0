import { el } from "../dom.js";
import { drivingTime, quantity } from "../numbers.js";
import { card } from "./card.js";
import { stats } from "./stats.js";

/** How far it is, and how long it takes. `answer` is the body of GET /v1/distance. */
export function distanceCard(answer, { ms }) {
  return card({ ...answer, ms }, answer.text,
    way(answer),
    stats(
      ["Distance", quantity(answer.distance, answer.unit, answer.distance < 10 ? 1 : 0), ["by road"]],
      ["Driving time", drivingTime(answer.duration_s), ["without stops, in usual traffic"]],
    ));
}

/** From where to where, as a road between two signs. */
export const way = ({ origin, destination }) => el("ol", { class: "way", "aria-label": "From and to" },
  el("li", {}, signFor(origin)), el("li", {}, signFor(destination)));

const signFor = ({ name }) => name.charAt(0).toUpperCase() + name.slice(1);
