// A control marked data-submit sends its form when it changes; the button beside it (data-no-script) is for pages
// without script, and the styles hide it where scripts run.

export function submitOnChange(root) {
  root.addEventListener("change", (event) => {
    const control = event.target.closest("[data-submit]");
    if (control && control.form.reportValidity()) control.form.requestSubmit();
  });
}
