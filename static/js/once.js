// A form marked data-once leaves one time: a second click while it is on its way does nothing.
// The server would answer both with the same result; this only spares the wait.

export function sendOnce(root) {
  root.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-once]");
    if (!form) return;
    if (form.dataset.busy !== undefined) {
      event.preventDefault();
      return;
    }
    form.dataset.busy = "";
  });
  // Back from the next page: the form may be sent again, with the same key.
  window.addEventListener("pageshow", () => {
    for (const form of root.querySelectorAll("form[data-busy]")) delete form.dataset.busy;
  });
}
