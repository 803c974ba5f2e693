// What can be scrolled sideways can be reached by keys too.
const reach = () =>
  document.querySelectorAll(".md-typeset__scrollwrap, .formula").forEach((box) => {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  });
addEventListener("load", reach);
addEventListener("resize", reach);

// The meaning of a term shows where a mouse points; by key and by touch it shows with the focus (extra.css).
// Keys stop at the first of each term on a page, a tap at any; Escape puts the meaning away.
const explain = () => {
  const seen = new Set();
  document.querySelectorAll(".md-content abbr[title]").forEach((term) => {
    term.tabIndex = seen.has(term.title) ? -1 : 0;
    seen.add(term.title);
  });
};
addEventListener("load", explain);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && document.activeElement?.matches("abbr[title]")) document.activeElement.blur();
});
