"""Bulks of writes: what they are made of, how they are cut, and what the server says of each write."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import bson
from bson.codec_options import CodecOptions
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from pymongo import InsertOne, ReplaceOne, UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError

from domain.errors import StoreUnavailableError
from storage.errors import NotStorableError

MAX_DOCUMENT = 16 * 1024 * 1024
"""Bytes of BSON that MongoDB keeps in one document."""

_MAX_BULK_BYTES = 8 * 1024 * 1024
_MAX_BULK_OPERATIONS = 1_000
_DUPLICATE_KEY = 11000
PERMANENT_CODES = frozenset(
    {
        2,  # BadValue
        9,  # FailedToParse
        14,  # TypeMismatch
        15,  # Overflow: nested too deep
        22,  # InvalidBSON
        52,  # DollarPrefixedFieldName
        56,  # EmptyFieldName
        57,  # DottedFieldName
        121,  # DocumentValidationFailure
        10334,  # BSONObjectTooLarge
        17419,  # the updated document is too large
        17420,  # the upserted document is too large
    }
)
"""Server error codes that name the document's own fault; all others mean "not now"."""


class Encoded:
    """A document in BSON, known to fit."""

    __slots__ = ("bson",)

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Raises NotStorableError for what BSON cannot say, or a document over `MAX_DOCUMENT`."""
        try:
            self.bson = bson.encode(document)
        except (BSONError, OverflowError, ValueError, TypeError, RecursionError) as error:
            raise NotStorableError("the record holds a value that the store cannot represent") from error
        if len(self.bson) > MAX_DOCUMENT:
            raise NotStorableError(f"the record is larger than {MAX_DOCUMENT} bytes when stored")


@dataclass(frozen=True, slots=True)
class Insert:
    """Store a new document."""

    document: Encoded


@dataclass(frozen=True, slots=True)
class Replace:
    """Replace the one document that `filter` finds, or insert where it finds none."""

    filter: Mapping[str, Any]
    document: Encoded


@dataclass(frozen=True, slots=True)
class ReplaceEach:
    """Replace, in one statement, each document that the filter of one of `replacements` finds.

    Those are by `_id` and other scalars. Nothing is inserted, and of a document whose filter does
    not hold nothing changes: which ones those are the server does not say, only how many.
    """

    replacements: Sequence[Replace]


@dataclass(frozen=True, slots=True)
class Update:
    """Update the one document that `filter` finds with MongoDB's update operators."""

    filter: Mapping[str, Any]
    change: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UpdateAll:
    """Update all documents that `filter` finds: on SecantusDB twice as fast as one by one."""

    filter: Mapping[str, Any]
    change: Mapping[str, Any]


BulkOperation = Insert | Replace | ReplaceEach | Update | UpdateAll


@dataclass(slots=True)
class BulkResult:
    """What became of a bulk; the indexes in neither set were written."""

    duplicates: set[int] = field(default_factory=set)
    """Operations that met another document with the same unique key."""
    refused: dict[int, str] = field(default_factory=dict)
    """Operations whose document the server can never hold, with its words."""
    matched: int = 0
    """Documents that the filters of updates and replacements found."""
    modified: int = 0
    """Documents that updates and replacements changed, of a bulk without an error."""


def native(operation: BulkOperation) -> Any:
    """The driver's own form of an operation."""
    match operation:
        case Insert(document):
            return InsertOne(_raw(document))
        case Replace(filter, document):
            return ReplaceOne(filter, _raw(document), upsert=True)
        case ReplaceEach(replacements):
            ids = [one.filter["_id"] for one in replacements]
            return UpdateMany({"_id": {"$in": ids}}, [{"$replaceWith": _by_condition(replacements)}])
        case Update(filter, change):
            return UpdateOne(filter, change)
        case UpdateAll(filter, change):
            return UpdateMany(filter, change)


def _by_condition(replacements: Sequence[Replace]) -> dict[str, Any]:
    """The document whose condition holds, else what there is. What comes from data is a literal."""
    branches = [
        {
            "case": {
                "$and": [{"$eq": [f"${name}", {"$literal": value}]} for name, value in one.filter.items()]
            },
            "then": {"$literal": _raw(one.document)},
        }
        for one in replacements
    ]
    return {"$switch": {"branches": branches, "default": "$$ROOT"}}


_RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)


def _raw(document: Encoded) -> RawBSONDocument:
    return RawBSONDocument(document.bson, _RAW)


def chunks(operations: Sequence[BulkOperation]) -> Iterator[tuple[int, int]]:
    """Slices that each make one bulk of bounded size."""
    start = size = 0
    for index, operation in enumerate(operations):
        length = _length(operation)
        if index > start and (size + length > _MAX_BULK_BYTES or index - start == _MAX_BULK_OPERATIONS):
            yield start, index
            start, size = index, 0
        size += length
    if start < len(operations):
        yield start, len(operations)


def _length(operation: BulkOperation) -> int:
    match operation:
        case Insert(document) | Replace(document=document):
            return len(document.bson)
        case ReplaceEach(replacements):
            return sum(map(_length, replacements))
    return 0


def sort_out(error: BulkWriteError, offset: int, result: BulkResult) -> None:
    """Enter what the server said of each operation. Raises StoreUnavailableError for "not now"."""
    details = error.details
    result.matched += details.get("nMatched", 0)
    if details.get("writeConcernErrors"):
        raise StoreUnavailableError("the store could not promise that it kept the writes") from error
    for entry in details["writeErrors"]:
        index, code = offset + entry["index"], entry["code"]
        if code == _DUPLICATE_KEY:
            result.duplicates.add(index)
        elif code in PERMANENT_CODES:
            result.refused[index] = str(code)
        else:
            raise StoreUnavailableError(f"the store refused a write for now, code {code}") from error
