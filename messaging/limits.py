"""What every adapter can carry, so that a message taken by one queue fits the other."""

from domain.errors import MessageError
from messaging.port import Message

MAX_BODY = 16 * 1024 * 1024
"""Bytes of body. RabbitMQ 4's default; a larger one closes the channel under its neighbours."""
MAX_HEADERS = 96 * 1024
"""Bytes of header names and values. AMQP sends all of them in one frame of 128 KiB."""
_MAX_NAME = 128


def check(message: Message) -> None:
    """Raise MessageError where no queue could carry `message`."""
    if len(message.body) > MAX_BODY:
        raise MessageError(f"a message's body has at most {MAX_BODY} bytes")
    try:
        names = [len(name.encode()) for name in message.headers]
        values = [len(value.encode()) for value in message.headers.values()]
    except UnicodeEncodeError as error:
        raise MessageError("a message's headers are text in Unicode") from error
    if max(names, default=0) > _MAX_NAME:
        raise MessageError(f"a header's name has at most {_MAX_NAME} bytes")
    if sum(names) + sum(values) > MAX_HEADERS:
        raise MessageError(f"a message's headers have at most {MAX_HEADERS} bytes")
