"""One command on a line of our own, in MongoDB's wire protocol: OP_MSG out, OP_MSG or OP_REPLY back."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import struct
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from clearline.core.facts.servers import Reach
from clearline.core.hops.error_numbers import error_number
from clearline.core.probes.connection import (
    EndlessRecords,
    Line,
    Patience,
    closed_on_cancel,
    milliseconds_since,
    reach_of,
)

_HEADER = struct.Struct("<iiii")
_OP_REPLY, _OP_COMPRESSED, _OP_MSG = 1, 2012, 2013
_COMPRESSED_HEAD = struct.Struct("<ii")  # the opcode inside, and its length unpacked
_FIXED_BYTES = {_OP_REPLY: 20, _OP_MSG: 5}  # between the header and the document
_LONGEST_MESSAGE = 48_000_000
_numbers = itertools.count(1)


_declared: ContextVar[str | None] = ContextVar("declared", default=None)


@contextlib.contextmanager
def declaring(api_version: str | None) -> Iterator[None]:
    """In here, and in tasks that begin here, commands declare this version of the Stable API, as the driver does."""
    before = _declared.set(api_version)
    try:
        yield
    finally:
        _declared.reset(before)


class Command:
    """One command and what came of it, also so far: `run` it once."""

    def __init__(self, line: Line, document: Mapping[str, Any], db: str = "admin") -> None:
        self._line = line
        version = _declared.get()
        self._document = {**document, **({"apiVersion": version} if version else {}), "$db": db}
        self._started = 0.0
        self.reach = Reach.SILENT
        self.answer: dict[str, Any] | None = None
        """The answer, which may be an error document; set when ``reach`` is OK."""
        self.errno: int | None = None
        self.received = bytearray()
        """The answer's bytes so far, TLS removed."""
        self.pieces = 0
        """Into how many reads the answer was cut."""
        self.compressed_bytes: int | None = None
        """The answer is compressed, although nothing was agreed on, and claims to be that long when it is unpacked."""
        self.endless = False
        """TLS records came without data, one after another."""
        self.first_byte_ms: float | None = None
        self.elapsed_ms = 0.0
        self.late = False

    async def run(self, *, deadline_s: float, late_s: float = 0.0, on_early: Callable[[], None] | None = None) -> None:
        """Send it and wait for the whole answer; waits as `Patience` says. Anything but OK closes the line."""
        self._started = asyncio.get_running_loop().time()

        def early() -> None:
            self.elapsed_ms = milliseconds_since(self._started)
            if on_early:
                on_early()

        patience = Patience(deadline_s, late_s, early)
        with closed_on_cancel(self._line):
            try:
                async with patience:
                    self.reach = await self._converse(patience)
            except EndlessRecords as error:
                self.reach, self.endless = reach_of(error), True
            except OSError as error:
                self.reach, self.errno = reach_of(error), error_number(error)
            finally:
                self.elapsed_ms = milliseconds_since(self._started)
            self.late = patience.late and self.reach is not Reach.SILENT
        if self.reach is not Reach.OK:
            self._line.close()

    async def _converse(self, patience: Patience) -> Reach:
        import bson

        number = next(_numbers)
        body = bytes(_FIXED_BYTES[_OP_MSG]) + bson.encode(self._document)  # no flags, section of kind 0
        await self._line.send(_HEADER.pack(_HEADER.size + len(body), number, 0, _OP_MSG) + body)
        while (reach := self._judge(number)) is None:
            data = await self._line.receive()
            patience.progress(len(data))
            self.pieces += 1
            if not data:
                foreign = 0 < len(self.received) < _HEADER.size  # MongoDB does not end within its header
                return Reach.NOT_MONGODB if foreign else Reach.CLOSED
            if self.first_byte_ms is None:
                self.first_byte_ms = milliseconds_since(self._started)
            self.received += data
        return reach

    def _judge(self, number: int) -> Reach | None:
        """OK or NOT_MONGODB as soon as the bytes tell, None before."""
        size = len(self.received)
        length = int.from_bytes(self.received[:4], "little") if size >= 4 else _HEADER.size
        if not _HEADER.size <= length <= _LONGEST_MESSAGE:
            return Reach.NOT_MONGODB
        if size < _HEADER.size:
            return None
        _, _, answers, opcode = _HEADER.unpack_from(self.received)
        if answers == number and opcode == _OP_COMPRESSED:  # no agreement: it is not unpacked, whatever it holds
            if size < _HEADER.size + _COMPRESSED_HEAD.size:
                return None
            self.compressed_bytes = max(0, _COMPRESSED_HEAD.unpack_from(self.received, _HEADER.size)[1])
        if answers != number or opcode not in _FIXED_BYTES:
            return Reach.NOT_MONGODB
        if size < length:
            return None
        self.answer = _document(bytes(self.received[_HEADER.size + _FIXED_BYTES[opcode] : length]))
        return Reach.NOT_MONGODB if self.answer is None else Reach.OK


def _document(data: bytes) -> dict[str, Any] | None:
    """The first document of a message; None when it is none. Dates are aware, where Python can hold them at all."""
    import bson
    from bson.codec_options import CodecOptions, DatetimeConversion
    from bson.errors import InvalidBSON

    lenient: CodecOptions[dict[str, Any]] = CodecOptions(
        tz_aware=True,
        unicode_decode_error_handler="replace",
        datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    )
    try:
        return bson.decode(data[: int.from_bytes(data[:4], "little")], lenient)  # a checksum may follow
    except InvalidBSON:
        return None
