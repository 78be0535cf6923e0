import { el } from "../dom.js";
import { phoneLink, websiteLink } from "../links.js";
import { showMore } from "../more.js";
import { quantity } from "../numbers.js";
import { card } from "./card.js";

const SHOWN = 6;

/** Places to camp, nearest first. `answer` is the body of GET /v1/parks. */
export function nearbyParksCard(answer, { ms }) {
  const { parks, unit } = answer;
  if (!parks.length) {
    const radius = quantity(answer.radius, answer.radius_unit, 1);
    return card({ ...answer, ms }, answer.text,
      el("p", {}, `Nothing was left out: none is known within ${radius}. A wider search may find some.`));
  }
  const lines = parks.map((park) => line(park, unit));
  return card({ ...answer, ms }, answer.text,
    el("p", { class: "soft" }, "Nearest first, as the crow flies; by road it is farther."),
    el("div", { class: "chart" },
      el("ol", { class: "parks", "aria-label": "Places to camp" }, ...lines),
      parks.length > SHOWN + 1 && showMore(lines.slice(SHOWN))));
}

const line = ({ name, address, distance, phone, website }, unit) => el("li", {},
  el("p", { class: "park-name" }, name),
  el("p", { class: "park-distance" }, quantity(distance, unit, 1)),
  address && el("p", { class: "soft park-address" }, address),
  (phone || website) && el("p", { class: "park-links" }, phone && phoneLink(phone), website && websiteLink(website)));
