// The lines of an order, and the filters of a listing: always open beside the list on a wide screen; on a phone a panel that stays open while
// its links change the results behind it.

export function unfoldFacets(root) {
  const wide = window.matchMedia("(min-width: 60rem)");
  let open = false;
  const unfold = () => {
    for (const facets of root.querySelectorAll("[data-facets]")) facets.open = wide.matches || open;
    for (const lines of root.querySelectorAll("[data-open-wide]")) if (wide.matches) lines.open = true;
  };
  unfold();
  wide.addEventListener("change", () => {
    open = false;
    unfold();
  });
  root.addEventListener("htmx:beforeSwap", () => {
    open = !wide.matches && root.querySelector("[data-facets][open]") !== null;
  });
  root.addEventListener("htmx:afterSettle", unfold);
  root.addEventListener("click", (event) => {
    const close = event.target.closest("[data-facets-close]");
    if (!close) return;
    event.preventDefault();
    open = false;
    close.closest("[data-facets]").open = false;
    root.getElementById("results").scrollIntoView();
  });
  root.addEventListener("keydown", (event) => {
    const facets = event.target.closest("[data-facets][open]");
    if (event.key !== "Escape" || !facets || wide.matches) return;
    facets.open = false;
    facets.querySelector("summary").focus();
  });
}
