"""A form's field for several pictures: each checked by what it is, and drawn anew."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from mall import uploads


class SeveralFiles(forms.FileInput):
    """A file control that takes several at once."""

    allow_multiple_selected = True


class PicturesField(forms.FileField):
    """Up to so many pictures; its value is what :func:`mall.uploads.picture` made of them."""

    def __init__(self, *, most: int, accept: str = "image/jpeg,image/png,image/webp", **kwargs: object) -> None:
        kwargs.setdefault("widget", SeveralFiles(attrs={"accept": accept, "multiple": True}))
        kwargs.setdefault("required", False)
        words = _("Up to %(n)s, each at most %(mb)s MB. Where and when they were taken is removed.")
        kwargs.setdefault("help_text", words % {"n": most, "mb": uploads.MAX_BYTES // 1024**2})
        super().__init__(**kwargs)
        self.most = most

    def clean(self, data: Sequence[UploadedFile] | UploadedFile | None, initial: object = None) -> tuple[object, ...]:
        """Return the pictures; each that cannot be taken is named with what to do."""
        given = data if isinstance(data, list | tuple) else [data] if data else []
        if len(given) > self.most:
            raise forms.ValidationError(_("Please choose at most %(n)s files.") % {"n": self.most})
        taken, problems = [], []
        for file in given:
            try:
                taken.append(self.take(file=file))
            except uploads.UnableToTakePicture as problem:
                problems.append(forms.ValidationError(str(problem)))
        if problems:
            raise forms.ValidationError(problems)
        return tuple(taken)

    def take(self, *, file: UploadedFile) -> object:
        """Return one file as it is to be kept.

        :raises UnableToTakePicture: it cannot be taken; one that is too large is not even read.
        """
        if (file.size or 0) > uploads.MAX_BYTES:
            words = _("%(name)s is larger than %(most)s MB: make it smaller.")
            raise uploads.UnableToTakePicture(words % {"name": file.name, "most": uploads.MAX_BYTES // 1024**2})
        return self.kept(name=file.name or _("The file"), content=b"".join(file.chunks()))

    def kept(self, *, name: str, content: bytes) -> object:
        """Return a file's content as it is to be kept."""
        return uploads.picture(name=name, content=content)
