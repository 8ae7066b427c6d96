"""Conditional replacements, many to a statement where that saves the server a sync each.

SecantusDB commits, and with `j: true` syncs, every statement of a bulk for itself; MongoDB its journal
once for all. What a statement for many did not change is looked at, and written by itself.
"""

from collections.abc import Iterator, Sequence

import bson
from bson.codec_options import CodecOptions

from storage.bulk import BulkOperation, BulkResult, Replace, ReplaceEach
from storage.driver import Collection, Document

_MOST = 20
"""Replacements in a statement: the server looks through them for every document."""
_MOST_BYTES = 1024 * 1024
_AS_FOUND: CodecOptions[Document] = CodecOptions(tz_aware=True)
"""How the driver decodes what it reads."""


async def write_together(collection: Collection, operations: Sequence[BulkOperation]) -> BulkResult:
    """What `Collection.write` does with `operations`, each about another document."""
    replacements = [one for one in operations if isinstance(one, Replace)]
    if len(replacements) < 2 or not await collection.server.is_secantus():
        return await collection.write(operations)
    written = await _replaced(collection, replacements)
    left = [
        index
        for index, one in enumerate(operations)
        if not isinstance(one, Replace) or one.filter["_id"] not in written
    ]
    bulk = await collection.write([operations[index] for index in left])
    return BulkResult(
        duplicates={left[index] for index in bulk.duplicates},
        refused={left[index]: code for index, code in bulk.refused.items()},
        matched=bulk.matched + len(written),
        modified=bulk.modified + len(written),
    )


async def _replaced(collection: Collection, replacements: Sequence[Replace]) -> set[str]:
    """Replace what can be in statements for many; the ids of what is stored as it should be then."""
    groups = [group for group in _groups(replacements) if len(group) > 1]
    wanted = {one.filter["_id"]: one for group in groups for one in group}
    done = await collection.write([ReplaceEach(group) for group in groups])
    if done.modified == len(wanted):
        return set(wanted)
    return {
        found["_id"]
        for found in await collection.find_ids(wanted)
        if found == bson.decode(wanted[found["_id"]].document.bson, _AS_FOUND)
    }


def _groups(replacements: Sequence[Replace]) -> Iterator[Sequence[Replace]]:
    group: list[Replace] = []
    size = 0
    for one in replacements:
        length = len(one.document.bson)
        if group and (len(group) == _MOST or size + length > _MOST_BYTES):
            yield group
            group, size = [], 0
        group.append(one)
        size += length
    yield group
