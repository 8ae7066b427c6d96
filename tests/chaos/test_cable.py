"""A cable that cannot be laid to its end."""

import secrets
import socket
import subprocess
import time
from pathlib import Path

import pytest

from chaos.cable import Cable, lay


@pytest.mark.parametrize(
    ("device", "here", "there"),
    [
        ("pc{}-too-long-for-it", "169.254.1.1", "169.254.1.2"),
        ("pc{}a", "169.254.1.999", "169.254.1.2"),
        ("pc{}a", "169.254.1.1", "169.254.1.999"),
    ],
)
def test_a_cable_that_cannot_be_laid_leaves_nothing_behind(device: str, here: str, there: str) -> None:
    """Whichever command fails: of those who may not lay one, or have no `ip`, the first."""
    name = secrets.token_hex(3)
    cable = Cable(f"portico-{name}", device.format(name), here, there)

    with pytest.raises((subprocess.CalledProcessError, FileNotFoundError)):
        lay(cable, f"pc{name}b")

    assert not Path("/run/netns", cable.namespace).exists()
    # The system takes the pair away a moment after the namespace.
    deadline = time.monotonic() + 20
    while cable.device in [device for _, device in socket.if_nameindex()]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
