"""The lives of payments, tenders, parts, batches and bank entries, each one table of allowed transitions."""

from payments.machines import ForbiddenTransition, Machine, may, move, path

__all__ = ["MACHINES", "ForbiddenTransition", "Machine", "may", "move", "path"]

PAYMENT = Machine(
    name="payment",
    meaning="What a payer gives for one order, by one or more tenders.",
    transitions=(
        ("recorded", "ask", "authorising"),
        ("recorded", "authorise", "authorised"),
        ("recorded", "need_action", "action_required"),
        ("recorded", "hold", "in_review"),
        ("recorded", "refuse", "refused"),
        ("recorded", "expire", "expired"),
        ("recorded", "void", "voided"),
        ("in_review", "approve", "recorded"),
        ("in_review", "refuse", "refused"),
        ("in_review", "expire", "expired"),
        ("in_review", "void", "voided"),
        ("authorising", "authorise", "authorised"),
        ("authorising", "need_action", "action_required"),
        ("authorising", "refuse", "refused"),
        ("action_required", "ask", "authorising"),
        ("action_required", "authorise", "authorised"),
        ("action_required", "refuse", "refused"),
        ("action_required", "expire", "expired"),
        ("action_required", "void", "voided"),
        ("authorised", "complete", "captured"),
        ("authorised", "void", "voided"),
        ("authorised", "expire", "expired"),
    ),
)

TENDER = Machine(
    name="tender",
    meaning="One source of a payment's money: an account, a card, a plan, a voucher.",
    transitions=(
        ("recorded", "ask", "asked"),
        ("recorded", "authorise", "authorised"),
        ("recorded", "need_action", "action_required"),
        ("recorded", "refuse", "refused"),
        ("recorded", "void", "voided"),
        ("asked", "authorise", "authorised"),
        ("asked", "need_action", "action_required"),
        ("asked", "refuse", "refused"),
        ("action_required", "ask", "asked"),
        ("action_required", "authorise", "authorised"),
        ("action_required", "refuse", "refused"),
        ("action_required", "void", "voided"),
        ("authorised", "void", "voided"),
        ("authorised", "complete", "captured"),
        ("captured", "refund_all", "refunded"),
    ),
)

PART = Machine(
    name="part",
    meaning="One consignment's share of a payment: from the hold through escrow to the merchant.",
    transitions=(
        ("awaiting", "authorise", "authorised"),
        ("awaiting", "cancel", "cancelled"),
        ("authorised", "capture", "captured"),
        ("authorised", "cancel", "cancelled"),
        ("captured", "capture", "captured"),
        ("captured", "release", "released"),
        ("captured", "refund_all", "refunded"),
        ("released", "settle", "settled"),
        ("released", "refund_all", "refunded"),
        ("settled", "refund_all", "refunded"),
    ),
)

ATTEMPT = Machine(
    name="provider attempt",
    meaning="One call to a remote provider: written down before it is made, so that no answer can be lost.",
    transitions=(
        ("asked", "answer", "answered"),
        ("answered", "apply", "applied"),
    ),
)

FAILED_REFUND = Machine(
    name="failed refund",
    meaning="A refund that its provider could not deliver: it waits in suspense, and is paid another way.",
    transitions=(
        ("waiting", "pay", "paid"),
        ("paid", "come_back", "waiting"),
    ),
)

GOODWILL = Machine(
    name="goodwill",
    meaning="Money the bank gives to make up for something; above a limit it takes a second person.",
    transitions=(
        ("proposed", "give", "given"),
        ("proposed", "decline", "declined"),
    ),
)

BATCH = Machine(
    name="batch",
    meaning="The payments of one bank day and currency on their way to another bank in one file.",
    transitions=(
        ("drafted", "close", "closed"),
        ("drafted", "withdraw", "withdrawn"),
        ("closed", "approve", "seconded"),
        ("closed", "withdraw", "withdrawn"),
        ("seconded", "approve", "approved"),
        ("seconded", "withdraw", "withdrawn"),
        ("approved", "send", "sent"),
        ("sent", "accept", "accepted"),
        ("sent", "accept_part", "partly_accepted"),
        ("sent", "reject", "rejected"),
        ("sent", "settle", "settled"),
        ("accepted", "accept_part", "partly_accepted"),
        ("accepted", "reject", "rejected"),
        ("accepted", "settle", "settled"),
        ("partly_accepted", "reject", "rejected"),
        ("partly_accepted", "settle", "settled"),
    ),
)

OUTGOING = Machine(
    name="outgoing payment",
    meaning="A payment to an account at another bank, from the order until the other bank has booked or refused it.",
    transitions=(
        ("ordered", "send", "sent"),
        ("ordered", "withdraw", "withdrawn"),
        ("sent", "accept", "accepted"),
        ("sent", "reject", "rejected"),
        ("sent", "confirm", "confirmed"),
        ("sent", "give_back", "returned"),
        ("accepted", "reject", "rejected"),
        ("accepted", "confirm", "confirmed"),
        ("accepted", "give_back", "returned"),
        ("confirmed", "give_back", "returned"),
    ),
)

DELIVERY = Machine(
    name="delivery",
    meaning="Handing a batch's file over: written down before, and looked up after a crash.",
    transitions=(
        ("asked", "stage", "staged"),
        ("staged", "deliver", "delivered"),
    ),
)

BANK_ENTRY = Machine(
    name="bank entry",
    meaning="A payment on our account at another bank, as its notification told it.",
    transitions=(
        ("recorded", "book", "booked"),
        ("recorded", "net", "netted"),
        ("recorded", "suspend", "suspense"),
        ("suspense", "match", "matched"),
        ("suspense", "send_back", "sent_back"),
        ("sent_back", "come_back", "suspense"),
    ),
)

PAYOUT_ACCOUNT = Machine(
    name="payout account",
    meaning="An account at another bank a merchant wants to be paid to: asked for, confirmed, waited for, used.",
    transitions=(
        ("asked", "confirm", "waiting"),
        ("asked", "cancel", "cancelled"),
        ("waiting", "cancel", "cancelled"),
        ("waiting", "activate", "active"),
        ("active", "replace", "replaced"),
        ("active", "block", "blocked"),
    ),
)

DISPUTE = Machine(
    name="dispute",
    meaning="A charge that the card's holder questions at his bank; an inquiry asks only, and moves no money.",
    transitions=(
        ("noticed", "inquire", "inquiry"),
        ("noticed", "challenge", "needs_response"),
        ("inquiry", "submit", "inquiry_under_review"),
        ("inquiry", "close", "inquiry_closed"),
        ("inquiry", "challenge", "needs_response"),
        ("inquiry_under_review", "close", "inquiry_closed"),
        ("inquiry_under_review", "challenge", "needs_response"),
        ("inquiry_closed", "challenge", "needs_response"),
        ("needs_response", "submit", "under_review"),
        ("needs_response", "win", "won"),
        ("needs_response", "lose", "lost"),
        ("under_review", "win", "won"),
        ("under_review", "lose", "lost"),
        ("won", "lose", "lost"),
        ("lost", "win", "won"),
    ),
)

DISPUTE_CALL = Machine(
    name="call about a dispute",
    meaning="One request to the card provider about a dispute: written down before it is made.",
    transitions=(
        ("asked", "succeed", "done"),
        ("asked", "refuse", "refused"),
    ),
)

PROVIDER_PAYOUT = Machine(
    name="provider's payout",
    meaning="Money the card provider sends to our bank.",
    transitions=(
        ("pending", "send", "in_transit"),
        ("pending", "pay", "paid"),
        ("pending", "cancel", "canceled"),
        ("pending", "fail", "failed"),
        ("in_transit", "pay", "paid"),
        ("in_transit", "cancel", "canceled"),
        ("in_transit", "fail", "failed"),
        ("paid", "fail", "failed"),
    ),
)

REVIEW = Machine(
    name="review",
    meaning="A payment that rules hold until people have looked at it; one that rules let pass stays as it began.",
    transitions=(
        ("none", "hold", "held"),
        ("held", "second", "seconded"),
        ("held", "approve", "approved"),
        ("held", "refuse", "refused"),
        ("held", "expire", "expired"),
        ("seconded", "approve", "approved"),
        ("seconded", "refuse", "refused"),
        ("seconded", "expire", "expired"),
    ),
)

CASE = Machine(
    name="case",
    meaning="Something for a person of operations to look at, and in whose hands it is.",
    transitions=(
        ("open", "take", "taken"),
        ("open", "close", "closed"),
        ("taken", "hand_over", "taken"),
        ("taken", "give_back", "open"),
        ("taken", "close", "closed"),
    ),
)

POLICY = Machine(
    name="risk policy",
    meaning="A version of the limits and rules of risk: proposed by one person, put in force by another.",
    transitions=(
        ("proposed", "approve", "in_force"),
        ("proposed", "decline", "declined"),
        ("proposed", "withdraw", "withdrawn"),
        ("in_force", "replace", "replaced"),
    ),
)

TIER_CHANGE = Machine(
    name="change of tier",
    meaning="Another tier of a customer's limits or a merchant's reserve: proposed by one, agreed to by another.",
    transitions=(
        ("proposed", "agree", "agreed"),
        ("proposed", "decline", "declined"),
        ("proposed", "withdraw", "withdrawn"),
    ),
)

HOLD = Machine(
    name="hold",
    meaning="Money of a merchant that operations keep back: two people agree to it, and two to its end.",
    transitions=(
        ("asked", "agree", "held"),
        ("asked", "decline", "declined"),
        ("held", "ask_release", "release_asked"),
        ("release_asked", "agree", "released"),
        ("release_asked", "decline", "held"),
    ),
)

CARD_HOLD = Machine(
    name="card hold question",
    meaning="A hold on a card that its bank would not renew: the payer is asked for another card, until a deadline.",
    transitions=(
        ("asked", "answer", "answering"),
        ("asked", "replace", "replaced"),
        ("asked", "lapse", "lapsed"),
        ("answering", "refuse", "asked"),
        ("answering", "replace", "replaced"),
        ("answering", "lapse", "lapsed"),
    ),
)

PROVIDER_EVENT = Machine(
    name="provider event",
    meaning="Something a provider told us by itself: stored first, then handled.",
    transitions=(
        ("received", "handle", "handled"),
        ("received", "ignore", "ignored"),
        ("received", "question", "questioned"),
    ),
)

MACHINES = (
    PAYMENT,
    TENDER,
    PART,
    ATTEMPT,
    FAILED_REFUND,
    GOODWILL,
    REVIEW,
    CASE,
    DISPUTE,
    DISPUTE_CALL,
    PROVIDER_PAYOUT,
    BATCH,
    OUTGOING,
    DELIVERY,
    BANK_ENTRY,
    PAYOUT_ACCOUNT,
    POLICY,
    TIER_CHANGE,
    HOLD,
    PROVIDER_EVENT,
    CARD_HOLD,
)
