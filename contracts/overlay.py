"""Showing in one contract's document what another contract said later."""

from typing import Any

Json = dict[str, Any]


def overlaid(document: Json, before: Json, after: Json) -> Json:
    """`document` with what changed from `before` to `after`, both computed from canonical columns.

    What no column knows of stays as it was sent. Objects change member by member; arrays gain elements.
    """
    shown = dict(document)
    for name in before.keys() | after.keys():
        if name not in after:
            shown.pop(name, None)
        elif name not in before or before[name] != after[name]:
            shown[name] = _overlaid(shown.get(name), before.get(name), after[name])
    return shown


def _overlaid(shown: Any, before: Any, after: Any) -> Any:
    if isinstance(shown, dict) and isinstance(before, dict) and isinstance(after, dict):
        return overlaid(shown, before, after)
    if isinstance(shown, list) and isinstance(before, list) and isinstance(after, list):
        return shown + [element for element in after if element not in before]
    return after
