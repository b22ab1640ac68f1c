// The filters of a listing: folded away on a phone, always open beside the list on a wide screen.

export function unfoldFacets(root) {
  const wide = window.matchMedia("(min-width: 60rem)");
  const unfold = () => {
    for (const facets of root.querySelectorAll("[data-facets]")) if (wide.matches) facets.open = true;
  };
  unfold();
  wide.addEventListener("change", unfold);
}
