"""What people write, and what they add to it."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from mall.messages import files
from mall.messages.writing import MOST_TEXT
from mall.picture_field import PicturesField


class FilesField(PicturesField):
    """Up to so many pictures and PDFs."""

    def kept(self, *, name: str, content: bytes) -> object:
        """Return a file as it may be kept."""
        return files.attachment(name=name, content=content)


class MessageForm(forms.Form):
    """A message with its files; `sure` once its writer was warned of contact data in it."""

    key = forms.CharField(max_length=60, widget=forms.HiddenInput)
    text = forms.CharField(
        label=gettext_lazy("Message"),
        max_length=MOST_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": gettext_lazy("Please write something, or add a file.")},
    )
    files = FilesField(
        label=gettext_lazy("Pictures or PDFs"),
        most=files.MOST,
        accept="image/jpeg,image/png,image/webp,application/pdf",
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        # A picture alone says enough.
        self.fields["text"].required = not self.files


class CallForm(forms.Form):
    """Why the bank is called into a conversation."""

    reason = forms.CharField(
        label=gettext_lazy("What is wrong?"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Please tell the bank what is wrong.")},
    )


class QuickForm(forms.Form):
    """Words used again and again."""

    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=60,
        error_messages={"required": gettext_lazy("A quick answer needs a title.")},
    )
    text = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=MOST_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": gettext_lazy("A quick answer needs a text.")},
    )


class NoteForm(forms.Form):
    """What was done about a call."""

    note = forms.CharField(
        label=gettext_lazy("What was done"),
        max_length=500,
        error_messages={"required": gettext_lazy("Please note what was done.")},
    )


class BlockForm(forms.Form):
    """Why a buyer may not write any more, and to whom."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        error_messages={"required": gettext_lazy("Please give the reason: it is kept with the block.")},
    )
    everywhere = forms.BooleanField(label=gettext_lazy("To no store at all"), required=False)
