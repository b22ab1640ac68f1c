"""The schema of the messages we send, from the library that ships it."""

from __future__ import annotations

from functools import cache
from importlib import resources

from lxml import etree

from payments.settlement.iso20022.errors import MalformedFile

ORDER = "pain.001.001.09"


@cache
def _schema(name: str) -> etree.XMLSchema:
    with (resources.files("sepaxml") / "schemas" / f"{name}.xsd").open("rb") as file:
        return etree.XMLSchema(etree.parse(file))


def validate(content: bytes, *, name: str) -> None:
    """See that a document keeps its schema.

    :raises MalformedFile: with the first place where it does not.
    """
    schema = _schema(name)
    if not schema.validate(etree.fromstring(content)):
        problem = schema.error_log[0]
        raise MalformedFile(f"Line {problem.line}: {problem.message}")
