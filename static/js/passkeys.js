// Says on the page that the browser or its owner did not let a passkey answer; the page can be tried again.
document.addEventListener("allauth.error", (event) => {
  const told = document.querySelector("[data-passkey-problem]");
  if (!told) return;
  event.preventDefault();
  told.hidden = false;
});
