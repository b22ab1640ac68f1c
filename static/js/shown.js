// A group marked data-shown-by is shown while that choice has the value in data-shown-for; without script always.

export function showByChoice(root) {
  const groups = [...root.querySelectorAll("[data-shown-by]")];
  const update = () => {
    for (const group of groups) {
      const chosen = root.querySelector(`[name="${group.dataset.shownBy}"]:checked`);
      group.hidden = chosen !== null && chosen.value !== group.dataset.shownFor;
    }
  };
  update();
  root.addEventListener("change", update);
}
