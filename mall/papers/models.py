"""What is printed with an order: whom the invoice is made out to, gift messages, and the buyer's note to the stores."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

MOST_LETTERS = 500


class InvoiceDetails(models.Model):
    """Whom an order's invoice is made out to, where that is not whom it is sent to."""

    order = models.OneToOneField("order.Order", on_delete=models.PROTECT, related_name="invoice_details")
    company = models.CharField(max_length=120, blank=True)
    vat_id = models.CharField(max_length=20, blank=True)
    name = models.CharField(max_length=120, blank=True)
    line1 = models.CharField(max_length=120, blank=True)
    line2 = models.CharField(max_length=120, blank=True)
    postcode = models.CharField(max_length=16, blank=True)
    city = models.CharField(max_length=80, blank=True)
    country = models.CharField(max_length=2, blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(company="", vat_id="", line1=""), name="papers_invoice_says_something"),
        ]

    def __str__(self) -> str:
        return f"invoice of order:{self.order_id}"


class ParcelNote(models.Model):
    """What the buyer wants said with a parcel: a message to who receives it as a gift, a note to who packs it."""

    consignment = models.OneToOneField("fulfilment.Consignment", on_delete=models.PROTECT, related_name="note")
    gift_message = models.CharField(max_length=MOST_LETTERS, blank=True)
    note = models.CharField(max_length=MOST_LETTERS, blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(gift_message="", note=""), name="papers_note_says_something"),
        ]

    def __str__(self) -> str:
        return f"note of consignment:{self.consignment_id}"
