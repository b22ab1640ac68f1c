"""pain.002: what the other bank says of a file of payments we ordered."""

from __future__ import annotations

from typing import Any, BinaryIO

from payments.settlement.iso20022.errors import ContradictoryFile
from payments.settlement.iso20022.notices import header, minor
from payments.settlement.iso20022.records import PaymentStatus, StatusReport
from payments.settlement.iso20022.stream import MOST_BYTES, Format, Piece, pieces


def status_report(source: BinaryIO, *, most: int = MOST_BYTES) -> StatusReport:
    """Return a status report; a status of a group of payments counts for each of them that has none of its own.

    :raises UnreadableFile: the file is refused.
    """
    found: Format | None = None
    read = group = None
    inherited: tuple[str, str, str] = ("", "", "")
    payments: dict[str, PaymentStatus] = {}
    for piece in pieces(source, kinds=("pain.002",), most=most):
        if isinstance(piece, Format):
            found = piece
        elif piece.name == "grp_hdr":
            read = header(found=found, model=piece.value)
        elif piece.name == "orgnl_grp_inf_and_sts":
            group = piece.value
        elif piece.value is None:
            inherited = ("", "", "")
        elif piece.name == "pmt_inf_sts":
            inherited = (_code(piece.value), *inherited[1:])
        elif piece.name == "sts_rsn_inf":
            inherited = (inherited[0], *_reason([piece.value]))
        elif piece.name == "tx_inf_and_sts":
            one = _payment(piece, inherited=inherited)
            if one.end_to_end_id in payments:
                raise ContradictoryFile(f"Line {piece.line}: {one.end_to_end_id} has a status twice: ask for it anew.")
            payments[one.end_to_end_id] = one
    reason, text = _reason(group.sts_rsn_inf)
    return StatusReport(
        header=read,
        original_message_id=group.orgnl_msg_id,
        original_count=int(group.orgnl_nb_of_txs) if group.orgnl_nb_of_txs else None,
        status=_code(group.grp_sts),
        reason=reason,
        text=text,
        payments=tuple(payments.values()),
    )


def _payment(piece: Piece, *, inherited: tuple[str, str, str]) -> PaymentStatus:
    model = piece.value
    if not model.orgnl_end_to_end_id:
        raise ContradictoryFile(f"Line {piece.line}: a payment's status does not name the payment (OrgnlEndToEndId).")
    reason, text = _reason(model.sts_rsn_inf)
    original = model.orgnl_tx_ref
    amount = getattr(original.amt, "instd_amt", None) if original is not None and original.amt is not None else None
    return PaymentStatus(
        end_to_end_id=model.orgnl_end_to_end_id,
        status=_code(model.tx_sts) or inherited[0],
        reason=reason or inherited[1],
        text=text or inherited[2],
        amount=minor(amount, line=piece.line) if amount is not None else None,
        currency=amount.ccy if amount is not None else "",
    )


def _code(value: Any) -> str:
    return getattr(value, "value", value) or ""


def _reason(found: list[Any]) -> tuple[str, str]:
    for one in found:
        code = (one.rsn.cd or one.rsn.prtry) if one.rsn is not None else ""
        text = " ".join(one.addtl_inf)
        if code or text:
            return code or "NARR", text
    return "", ""
