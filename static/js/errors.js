// After a form came back with errors, the keyboard starts at what is wrong.

export function showErrors(root) {
  const summary = root.querySelector(".error-summary");
  if (summary) summary.focus();
}
