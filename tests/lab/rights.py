"""Root may read and write any file: here it has no more rights to one than the file's mode gives its owner."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_OVERRIDES: Final = 0b110
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH (capabilities(7))."""
_VERSION: Final = 0x20080522
_DROPPED: Final = "-dac_override,-dac_read_search"

OWNER: Final = (
    ("setpriv", f"--bounding-set={_DROPPED}", f"--inh-caps={_DROPPED}")
    if sys.platform == "linux" and os.geteuid() == 0
    else ()
)
"""Put before a program, which then is held up by modes of files."""


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


@contextmanager
def of_an_owner() -> Iterator[None]:
    """Within it that holds for this thread and for those that it starts; programs that are started need `OWNER`."""
    if not OWNER:
        yield
        return
    header, sets = _Header(_VERSION, 0), (_Sets * 2)()
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.capget(ctypes.byref(header), sets) == 0
    before = sets[0].effective
    sets[0].effective = before & ~_OVERRIDES
    assert libc.capset(ctypes.byref(header), sets) == 0
    try:
        yield
    finally:
        sets[0].effective = before
        assert libc.capset(ctypes.byref(header), sets) == 0
