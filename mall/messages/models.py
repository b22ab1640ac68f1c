"""Threads between a buyer and a merchant, what was written in them, and when the bank's staff looked."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from mall.history import append_only

BUYER, STORE = "buyer", "store"
SIDES = ((BUYER, "Buyer"), (STORE, "Store"))


class Thread(models.Model):
    """What a buyer and a merchant write to each other about one order, or about one product before it is bought.

    Its row is the lock of its messages. `waiting_since` is when the buyer began to wait for an answer.
    """

    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="threads")
    buyer = models.ForeignKey("customer.User", on_delete=models.PROTECT, related_name="threads")
    order = models.ForeignKey("order.Order", null=True, on_delete=models.PROTECT, related_name="threads")
    product = models.ForeignKey("catalogue.Product", null=True, on_delete=models.PROTECT, related_name="threads")
    opened_at = models.DateTimeField()
    last_at = models.DateTimeField()
    last_side = models.CharField(max_length=8, choices=SIDES)
    last_text = models.CharField(max_length=160, blank=True)
    buyer_unread = models.PositiveIntegerField(default=0)
    store_unread = models.PositiveIntegerField(default=0)
    waiting_since = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "order"], condition=Q(order__isnull=False), name="thread_one_an_order"
            ),
            models.UniqueConstraint(
                fields=["merchant", "buyer", "product"], condition=Q(order__isnull=True), name="thread_one_a_question"
            ),
            models.CheckConstraint(
                condition=Q(order__isnull=False, product__isnull=True) | Q(order__isnull=True, product__isnull=False),
                name="thread_is_about_one_thing",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-last_at", "-id"], name="thread_by_merchant"),
            models.Index(fields=["buyer", "-last_at", "-id"], name="thread_by_buyer"),
            models.Index(fields=["merchant"], name="thread_unread_store", condition=Q(store_unread__gt=0)),
            models.Index(fields=["buyer"], name="thread_unread_buyer", condition=Q(buyer_unread__gt=0)),
        ]

    def __str__(self) -> str:
        return f"thread {self.pk}"


class Message(models.Model):
    """What somebody wrote, once by its key; `is_flagged` when it has means of contact or payment in it."""

    thread = models.ForeignKey(Thread, on_delete=models.PROTECT, related_name="messages")
    key = models.CharField(max_length=200, unique=True)
    side = models.CharField(max_length=8, choices=SIDES)
    author = models.ForeignKey("customer.User", on_delete=models.PROTECT, related_name="written_messages")
    text = models.TextField(blank=True)
    is_flagged = models.BooleanField(default=False)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        triggers = append_only(what="messages")
        indexes = [
            models.Index(fields=["thread", "-id"], name="message_of_thread"),
            models.Index(fields=["author", "-at"], name="message_by_author"),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"


class MessageFile(models.Model):
    """A file that came with a message; its bytes lie encrypted, never under a web address."""

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=120)
    content_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=64, unique=True)

    class Meta:
        triggers = append_only(what="files of messages")

    def __str__(self) -> str:
        return self.name


class Answer(models.Model):
    """How long a buyer waited for a store's answer: a fact about the store's quality."""

    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="answers")
    message = models.OneToOneField(Message, on_delete=models.PROTECT, related_name="answer")
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField()
    seconds = models.PositiveIntegerField()

    class Meta:
        triggers = append_only(what="answers of stores")
        constraints = [
            models.CheckConstraint(condition=Q(answered_at__gte=F("asked_at")), name="answer_after_question")
        ]
        indexes = [models.Index(fields=["merchant", "-answered_at"], name="answer_by_merchant")]

    def __str__(self) -> str:
        return f"answer after {self.seconds} s"


class QuickAnswer(models.Model):
    """Words a store's people use again and again."""

    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="quick_answers")
    title = models.CharField(max_length=60)
    text = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "title"], name="quick_answer_title_once")]

    def __str__(self) -> str:
        return self.title


class StaffCall(models.Model):
    """A side's call for the bank's staff, who may read the thread from then on until it is closed."""

    thread = models.ForeignKey(Thread, on_delete=models.PROTECT, related_name="calls")
    side = models.CharField(max_length=8, choices=SIDES)
    by = models.ForeignKey("customer.User", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey("customer.User", null=True, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["thread"], condition=Q(closed_at__isnull=True), name="staff_call_one_open_a_thread"
            )
        ]
        indexes = [models.Index(fields=["id"], name="staff_call_open", condition=Q(closed_at__isnull=True))]

    def __str__(self) -> str:
        return f"call for thread {self.thread_id}"


class StaffReading(models.Model):
    """A member of the bank's staff read a thread he was called into."""

    call = models.ForeignKey(StaffCall, on_delete=models.PROTECT, related_name="readings")
    by = models.ForeignKey("customer.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        triggers = append_only(what="readings by staff")

    def __str__(self) -> str:
        return f"reading of call {self.call_id}"


class WritingBlock(models.Model):
    """A buyer may not write to a merchant, or without one to any, until somebody of the bank lifts it."""

    buyer = models.ForeignKey("customer.User", on_delete=models.PROTECT, related_name="writing_blocks")
    merchant = models.ForeignKey("merchants.Merchant", null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    by = models.ForeignKey("customer.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey("customer.User", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["buyer", "merchant"],
                condition=Q(lifted_at__isnull=True),
                nulls_distinct=False,
                name="writing_block_one_in_force",
            )
        ]

    def __str__(self) -> str:
        return f"block of user:{self.buyer_id}"
