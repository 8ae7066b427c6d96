"""A disk that can be full, for a server that is writing to it."""

import errno
import os
from pathlib import Path

import pytest

from chaos.disk import small_disk

PIECE = bytes(1 << 12)


@pytest.mark.parametrize("pieces", [0, 100])
def test_a_full_disk_takes_nothing_until_there_is_room_again(pieces: int, tmp_path: Path) -> None:
    """However much is on it; what is there stays."""
    with small_disk(tmp_path / "disk") as disk:
        if disk is None:
            assert os.geteuid(), "root may mount"
            return
        file = tmp_path / "disk" / "file"
        file.write_bytes(PIECE * pieces)

        assert disk.fill()
        with pytest.raises(OSError, match="No space left") as refused:
            (tmp_path / "disk" / "other").write_bytes(PIECE * 2)
        assert errno.ENOSPC == refused.value.errno

        disk.empty()
        (tmp_path / "disk" / "other").write_bytes(PIECE * 2)
        assert PIECE * pieces == file.read_bytes()
