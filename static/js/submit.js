// A control marked data-submit sends its form when it changes; the button beside it is for pages without script.

export function submitOnChange(root) {
  for (const button of root.querySelectorAll("[data-no-script]")) button.hidden = true;
  root.addEventListener("change", (event) => {
    const control = event.target.closest("[data-submit]");
    if (control && control.form.reportValidity()) control.form.requestSubmit();
  });
}
