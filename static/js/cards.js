// A card is typed into the provider's own fields, in a frame of its own origin; this page learns its token alone.
// A form marked data-card-fields="<publishable key>" has a place for them, a hidden data-card-token, and a choice whose
// input is marked data-card-new.

const SCRIPT = "https://js.stripe.com/v3/";

export function mountCardFields(root) {
  for (const form of root.querySelectorAll("form[data-card-fields]")) load(() => mount(form));
}

function load(then) {
  if (window.Stripe) return then();
  const script = document.createElement("script");
  script.src = SCRIPT;
  script.addEventListener("load", then);
  document.head.append(script);
}

function mount(form) {
  const provider = window.Stripe(form.dataset.cardFields);
  const card = provider.elements().create("card");
  const place = form.querySelector("[data-card-place]");
  const token = form.querySelector("[data-card-token]");
  const problem = form.querySelector("[data-card-problem]");
  card.mount(place);
  form.addEventListener(
    "submit",
    async (event) => {
      const chosen = form.querySelector("[data-card-new], input[value='card|new']");
      const updating = event.submitter && event.submitter.name === "update";
      if (updating || token.value || (chosen && !chosen.checked)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const answer = await provider.createPaymentMethod({ type: "card", card });
      if (answer.error) {
        problem.textContent = answer.error.message;
        problem.hidden = false;
        return;
      }
      token.value = answer.paymentMethod.id;
      form.requestSubmit(event.submitter);
    },
    true,
  );
}
