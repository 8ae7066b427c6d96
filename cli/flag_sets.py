"""Sets of flags that many commands share, each as one argument of a command."""

import inspect
from collections.abc import Callable
from typing import Any

_Command = Callable[..., None]


def taking(name: str, make: Callable[..., Any]) -> Callable[[_Command], _Command]:
    """Gives a command with a parameter `name` the parameters of `make` as flags instead.

    What `make` makes of the flags is the argument.
    """

    def decorate(command: _Command) -> _Command:
        flags = dict(inspect.signature(make).parameters)
        own = dict(inspect.signature(command).parameters)
        del own[name]
        everything = [
            one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*own.values(), *flags.values())
        ]

        def with_flags(**given: Any) -> None:
            made = make(**{flag: given.pop(flag) for flag in flags})
            command(**{name: made}, **given)

        with_flags.__name__, with_flags.__doc__ = command.__name__, command.__doc__
        with_flags.__annotations__ = {one.name: one.annotation for one in everything}
        with_flags.__signature__ = inspect.Signature(everything)  # type: ignore[attr-defined]
        return with_flags

    return decorate
