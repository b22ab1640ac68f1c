// The filters of a listing, the lines of an order: folded away on a phone, open beside the rest on a wide screen.

export function unfoldFacets(root) {
  const wide = window.matchMedia("(min-width: 60rem)");
  const unfold = () => {
    for (const facets of root.querySelectorAll("[data-facets], [data-open-wide]")) if (wide.matches) facets.open = true;
  };
  unfold();
  wide.addEventListener("change", unfold);
}
