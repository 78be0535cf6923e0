// Keeps the end of the page in view while an answer grows, unless the user has scrolled up.

const END_THRESHOLD_PX = 80;

let atEnd = true;
let scheduled = false;
let previousY = scrollY;

// The page may have grown since it was scrolled to its end: only a move upwards is the user's.
addEventListener("scroll", () => {
  const { scrollHeight } = document.documentElement;
  if (scrollY + innerHeight > scrollHeight - END_THRESHOLD_PX) atEnd = true;
  else if (scrollY < previousY) atEnd = false;
  previousY = scrollY;
}, { passive: true });

/** Scrolls to the end of the page, at most once a frame, if the user was there. Call it when the page has grown. */
export function followScroll() {
  if (!atEnd || scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    if (atEnd) scrollTo(0, document.documentElement.scrollHeight);
  });
}
