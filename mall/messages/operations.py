"""What may be done with messages: every write, one transaction each."""

from mall.messages.quick import keep_quick_answer, remove_quick_answer
from mall.messages.staff import block_buyer, call_staff, close_call, lift_block, read_called
from mall.messages.writing import mark_read, open_thread, write_message

__all__ = [
    "block_buyer",
    "call_staff",
    "close_call",
    "keep_quick_answer",
    "lift_block",
    "mark_read",
    "open_thread",
    "read_called",
    "remove_quick_answer",
    "write_message",
]
