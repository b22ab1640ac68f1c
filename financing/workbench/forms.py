"""Forms of the workbench; amounts are typed in major units and leave as minor units."""

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from financing.underwriting.models import Application
from payments.money import InexactAmount, Money, exponent


class AmountField(forms.DecimalField):
    """Money typed in major units of a currency; cleans to whole minor units."""

    def __init__(self, *, currency: str, **options: object) -> None:
        self.currency = currency
        digits = exponent(currency)
        widget = forms.NumberInput(attrs={"inputmode": "decimal", "step": str(Decimal(1).scaleb(-digits))})
        super().__init__(max_digits=15, widget=widget, **options)

    def clean(self, value: object) -> int | None:
        """Return minor units."""
        amount = super().clean(value)
        if amount is None:
            return None
        try:
            return Money.from_decimal(amount, self.currency).minor_units
        except InexactAmount:
            raise forms.ValidationError(_("This currency has no such small coins."), code="digits") from None


class _CaseForm(forms.Form):
    """A form of the case page, where several stand side by side: each has ids of its own."""

    ids = "case"
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **{"auto_id": f"{self.ids}_%s"} | options)


class ApproveForm(_CaseForm):
    """Approve, perhaps with another amount or price."""

    ids = "approve"
    amount = forms.Field()
    price = forms.DecimalField(min_value=0, max_digits=6, decimal_places=2)
    note = forms.CharField(
        label=_("Note for the file"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: object, application: Application, **options: object) -> None:
        amount = application.approved_amount or application.amount
        price = application.annual_rate_bps or application.fee_bps or application.subsidy_bps
        initial = {
            "version": application.version,
            "amount": Money(amount, application.currency).to_decimal(),
            "price": Decimal(price) / 100,
        }
        super().__init__(*args, initial=initial, **options)
        self.fields["amount"] = AmountField(
            currency=application.currency,
            min_value=Decimal(0),
            label=_("Amount in %(currency)s") % {"currency": application.currency},
        )
        self.price_name = "fee_bps" if application.product_kind == "advance" else "annual_rate_bps"
        self.fields["price"].label = _("Flat fee, percent")
        if application.product_kind != "advance":
            subsidised = application.subsidy_bps and not application.annual_rate_bps
            self.price_name = "subsidy_bps" if subsidised else "annual_rate_bps"
            self.fields["price"].label = (
                _("Merchant's subsidy, percent") if subsidised else _("Interest, percent a year")
            )

    def clean_price(self) -> int:
        """Return basis points."""
        return int(self.cleaned_data["price"] * 100)


class DeclineForm(_CaseForm):
    """Decline with one to four reasons the applicant will read."""

    ids = "decline"
    reasons = forms.CharField(
        label=_("Reasons, one a line"),
        help_text=_("One to four. The applicant reads them as they stand."),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=800,
    )
    note = forms.CharField(
        label=_("Note for the file"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def clean_reasons(self) -> list[str]:
        """Return the lines that say something."""
        reasons = [line.strip() for line in self.cleaned_data["reasons"].splitlines() if line.strip()]
        if not 1 <= len(reasons) <= 4:
            raise forms.ValidationError(_("Give one to four reasons, one a line."), code="count")
        return reasons


class NoteForm(_CaseForm):
    """Why a case goes back to the first officer."""

    ids = "back"
    note = forms.CharField(label=_("Why it goes back"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))


class AskForm(forms.Form):
    """How much of an offered advance a merchant wants."""

    key = forms.CharField(widget=forms.HiddenInput, max_length=80)

    def __init__(self, *args: object, currency: str, least: int, most: int, **options: object) -> None:
        super().__init__(*args, **options)
        bounds = {"least": Money(least, currency).format(), "most": Money(most, currency).format()}
        self.fields["amount"] = AmountField(
            currency=currency,
            label=_("How much, in %(currency)s") % {"currency": currency},
            help_text=_("From %(least)s to %(most)s.") % bounds,
        )
        self._least, self._most, self._bounds = least, most, bounds

    def clean(self) -> dict[str, object]:
        """Hold the amount to the offer."""
        cleaned = super().clean()
        amount = cleaned.get("amount")
        if amount is not None and not self._least <= amount <= self._most:
            self.add_error("amount", _("Choose from %(least)s to %(most)s.") % self._bounds)
        return cleaned


class PayForm(forms.Form):
    """How much to pay of a plan now."""

    key = forms.CharField(widget=forms.HiddenInput, max_length=80)

    def __init__(self, *args: object, currency: str, most: int, **options: object) -> None:
        super().__init__(*args, **options)
        self.fields["amount"] = AmountField(
            currency=currency, label=_("Amount in %(currency)s") % {"currency": currency}, min_value=Decimal("0.01")
        )
        self._most, self._currency = most, currency

    def clean_amount(self) -> int:
        """Hold the amount to what is owed."""
        amount = self.cleaned_data["amount"]
        if amount > self._most:
            owed = Money(self._most, self._currency).format()
            raise forms.ValidationError(_("Only %(owed)s is owed.") % {"owed": owed}, code="most")
        return amount
