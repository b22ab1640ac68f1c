"""Reading a message piece by piece, in little memory, by the models that were generated from its schema."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any, BinaryIO, get_args, get_origin, get_type_hints

from lxml import etree
from xsdata.exceptions import ParserError
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig
from xsdata.formats.dataclass.parsers.handlers import LxmlEventHandler

from payments.settlement.iso20022 import shape
from payments.settlement.iso20022.errors import FileTooLarge, MalformedFile, UnknownFormat

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
VERSIONS = {
    "camt.053": ("001.02", "001.08"),
    "camt.054": ("001.02", "001.08"),
    "pain.002": ("001.03", "001.10"),
}
# What holds the many: one account's entries, one file's payments.
_CONTAINERS = {"camt.053": "Stmt", "camt.054": "Ntfctn", "pain.002": "OrgnlPmtInfAndSts"}
MOST_BYTES = 64 * 1024 * 1024
# One entry may be a whole file's payments; beyond this it is no honest entry.
MOST_ELEMENTS_OF_A_PIECE = 2_000_000
_STRICT = ParserConfig(
    fail_on_unknown_properties=True, fail_on_unknown_attributes=True, fail_on_converter_warnings=True
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the message as its model: ``container`` counts from one, zero before and after containers.

    A container begins with a piece of its own name and without a value, and ends with one named ``end``.
    """

    name: str
    container: int
    value: Any
    line: int


@dataclass(frozen=True, slots=True)
class Format:
    """Which message a file is."""

    kind: str
    version: str


class _Limited:
    """A file that ends in an error rather than fill the memory."""

    def __init__(self, source: BinaryIO, most: int) -> None:
        self._source, self._left, self._most = source, most, most

    def read(self, size: int = -1) -> bytes:
        found = self._source.read(size if size >= 0 else self._left + 1)
        self._left -= len(found)
        if self._left < 0:
            raise FileTooLarge(f"The file has more than {self._most // 1024**2} MB: ask for it in smaller parts.")
        return found


def kind_of(source: BinaryIO) -> Format:
    """Return which message a file is, and leave it at its beginning.

    :raises UnreadableFile: it is no message, or none that is read here.
    """
    try:
        for _event, element in _events(source, most=MOST_BYTES):
            return _format(element, kinds=VERSIONS)
        raise MalformedFile("The file is empty.")
    finally:
        source.seek(0)


def pieces(source: BinaryIO, *, kinds: Collection[str], most: int = MOST_BYTES) -> Iterator[Format | Piece]:
    """Yield the format, then the pieces of a message in the order they stand in the file.

    :raises UnreadableFile: as soon as it is seen to be none of ``kinds``, too large, or against its schema.
    """
    reader: _Reader | None = None
    for event, element in _events(source, most=most):
        if reader is None:
            found = _format(element, kinds=kinds)
            yield found
            reader = _Reader(found)
        if event == "start":
            yield from reader.begin(element)
        else:
            yield from reader.end(element)
    if reader is None:
        raise MalformedFile("The file is empty.")


def _events(source: BinaryIO, *, most: int) -> Iterator[tuple[str, Any]]:
    context = etree.iterparse(
        _Limited(source, most),
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    first = True
    try:
        for event, element in context:
            if first and element.getroottree().docinfo.doctype:
                raise MalformedFile("The file declares a document type or entities, which no ISO 20022 message does.")
            first = False
            yield event, element
    except etree.XMLSyntaxError as problem:
        raise MalformedFile(f"The file is not well-formed XML: {_short(problem)}.") from None


def _short(problem: Exception) -> str:
    return " ".join(str(problem).split()).rstrip(".")[:200]


def _format(element: Any, *, kinds: Collection[str]) -> Format:
    name = etree.QName(element)
    if name.localname != "Document" or not (name.namespace or "").startswith(NAMESPACE):
        raise UnknownFormat("The file is not an ISO 20022 message: its first element is not such a message's Document.")
    kind, version = name.namespace[len(NAMESPACE) :][:8], name.namespace[len(NAMESPACE) :][9:]
    if kind not in kinds:
        wanted = " or ".join(sorted(kinds))
        raise UnknownFormat(f"The file is a {kind}, and {wanted} is expected here: choose another file.")
    if version not in VERSIONS[kind]:
        readable = " and ".join(VERSIONS[kind])
        raise UnknownFormat(f"The file is {kind} in version {version}; {readable} are read here: ask for one of these.")
    return Format(kind, version)


@cache
def models(kind: str, version: str) -> ModuleType:
    """Return the module of a message's models."""
    name = f"{kind}.{version}".replace(".", "_")
    return importlib.import_module(f"pyiso20022.{kind.partition('.')[0]}.{name}")


@cache
def _children(model: type) -> dict[str, tuple[int, str, type, bool]]:
    """Return a model's elements by XML name: their order, Python name, type, and whether one is required."""
    hints = get_type_hints(model)
    found = {}
    for order, field in enumerate(dataclasses.fields(model)):
        kind = hints[field.name]
        is_list = get_origin(kind) is list
        [inner] = [one for one in get_args(kind) if one is not type(None)] if get_args(kind) else [kind]
        needed = bool(field.metadata.get("required") or field.metadata.get("min_occurs")) and not is_list
        found[field.metadata.get("name", field.name)] = (order, field.name, inner, needed)
    return found


class _Reader:
    """Follows the file's events: whole pieces become models and are forgotten by the XML tree at once."""

    def __init__(self, found: Format) -> None:
        module = models(found.kind, found.version)
        self._namespace = f"{NAMESPACE}{found.kind}.{found.version}"
        self._parser = XmlParser(config=_STRICT, handler=LxmlEventHandler)
        self._open: list[tuple[str, type, int, set[str]]] = []
        self._document = module.Document
        self._container_name = _CONTAINERS[found.kind]
        self._containers = 0
        self._depth = 0
        self._elements = 0
        self._piece: tuple[str, type] | None = None
        self._piece_depth = 0

    def begin(self, element: Any) -> Iterator[Piece]:
        self._depth += 1
        if self._piece:
            self._elements += 1
            if self._elements > MOST_ELEMENTS_OF_A_PIECE:
                raise FileTooLarge(f"Line {element.sourceline}: one entry is larger than is read here.")
            return
        if not self._open:
            self._open.append(("Document", self._document, -1, set()))
            return
        name, field, model = self._expected(element)
        if len(self._open) == 1 or name == self._container_name:
            self._open.append((name, model, -1, set()))
            if name == self._container_name:
                self._containers += 1
                yield Piece(field, self._containers, None, element.sourceline)
            return
        self._piece, self._piece_depth, self._elements = (field, model), self._depth, 0

    def end(self, element: Any) -> Iterator[Piece]:
        depth, self._depth = self._depth, self._depth - 1
        if self._piece:
            if depth == self._piece_depth:
                yield self._finished(element)
            return
        name, model, _last, seen = self._open.pop()
        for child, (_order, _field, _kind, needed) in _children(model).items():
            if needed and child not in seen:
                raise MalformedFile(f"Line {element.sourceline}: {name} lacks {child}, which its schema requires.")
        if name == self._container_name:
            yield Piece("end", self._containers, None, element.sourceline)
        element.clear()

    def _expected(self, element: Any) -> tuple[str, str, type]:
        """Find an element among what its parent may hold, in the schema's order."""
        name = etree.QName(element)
        parent, model, last, seen = self._open[-1]
        known = _children(model).get(name.localname) if name.namespace == self._namespace else None
        if known is None:
            raise MalformedFile(f"Line {element.sourceline}: {parent} holds {name.localname}, unknown to its schema.")
        order, field, kind, _needed = known
        if order < last:
            raise MalformedFile(f"Line {element.sourceline}: {name.localname} stands too late in {parent}.")
        self._open[-1] = (parent, model, order, seen | {name.localname})
        return name.localname, field, kind

    def _finished(self, element: Any) -> Piece:
        field, model = self._piece
        line = element.sourceline
        self._piece = None
        inside = self._open[-1][0] == self._container_name
        if not dataclasses.is_dataclass(model):
            value = self._simple(element, field, line)
        else:
            try:
                value = self._parser.parse(element, model)
                shape.check(value)
            except (ParserError, TypeError, ValueError) as problem:
                raise MalformedFile(f"Line {line}: {_readable(problem)}.") from None
        element.clear()
        parent = element.getparent()
        while parent is not None and len(parent) > 1:
            del parent[0]
        return Piece(field, self._containers if inside else 0, value, line)

    @staticmethod
    def _simple(element: Any, field: str, line: int) -> str:
        if len(element) or not (element.text or "").strip():
            raise MalformedFile(f"Line {line}: {field} holds no text.")
        return element.text.strip()


def _readable(problem: Exception) -> str:
    """Say what a model complains of in words about the file."""
    text = _short(problem)
    if "missing" in text and "required keyword-only" in text:
        return f"{text.split('.')[0]} lacks {text.partition(': ')[2]}, which its schema requires"
    return text.partition("\n")[0]
