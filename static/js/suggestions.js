// The list under the search box: arrow keys walk through it, Escape and leaving close it.

export function closeSuggestions(root) {
  const box = root.querySelector("[data-suggestions]");
  if (!box) return;
  const search = box.closest("form");
  const input = search.querySelector("input[name=q]");
  const empty = () => box.replaceChildren();

  search.addEventListener("keydown", (event) => {
    const stops = [input, ...box.querySelectorAll("a")];
    const here = stops.indexOf(root.activeElement);
    if (event.key === "Escape") {
      empty();
      input.focus();
    } else if (event.key === "ArrowDown" && stops.length > 1) {
      event.preventDefault();
      stops[Math.min(here + 1, stops.length - 1)].focus();
    } else if (event.key === "ArrowUp" && here > 0) {
      event.preventDefault();
      stops[here - 1].focus();
    }
  });
  root.addEventListener("click", (event) => {
    if (!search.contains(event.target)) empty();
  });
  search.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !search.contains(event.relatedTarget)) empty();
  });
}
