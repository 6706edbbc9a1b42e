"""``clearline self-test``: whether this program is whole and this computer lets it work."""

from __future__ import annotations

import argparse
import importlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from clearline.cli.output import print_text
from clearline.cli.text_grid import shown
from clearline.cli.usage import Parser

if TYPE_CHECKING:  # the core is among what is tried
    from clearline.core.report.report import Report

PROBES: Final = (
    "build_info", "commands", "computer", "connection", "dns", "dns_messages", "files", "hello", "icmp", "knocks",
    "latency", "lookup", "ocsp", "surroundings", "system_proxy", "tcp", "tls", "tls_records", "windows",
)  # fmt: skip
_TEXT: Final = b"clearline " * 100


class Trial(NamedTuple):
    """One thing that was tried, and how it ended."""

    name: str
    fault: str
    """Empty when it went well."""
    told: str = ""


def run(argv: Sequence[str]) -> int:
    """Try everything, a line each; 1 when something does not work, else 0."""
    arguments = parser().parse_args(argv)
    trials = [_tried(name, trial) for name, trial in _TRIALS]
    _print(trials)
    if not arguments.without_window:
        ways = _window(arguments.target, arguments.picture)
        for trial in ways:
            _print([trial])
            trials.append(trial)
    elif arguments.target is not None:
        trial = _tried("server", lambda: _checked(arguments.target))
        _print([trial])
        trials.append(trial)
    failed = sum(bool(trial.fault) for trial in trials)
    print_text(f"{len(trials) - failed} work, {failed} do not" if failed else "Everything works.")
    return int(failed > 0)


def parser() -> argparse.ArgumentParser:
    """What may follow the command."""
    made = Parser(
        prog="clearline self-test", description="Say whether this program is whole and this computer lets it work."
    )
    made.add_argument(
        "target", nargs="?", metavar="TARGET", help="a server to test in the window: a connection string or a host"
    )
    made.add_argument("--picture", type=Path, metavar="FILE", help="keep a picture of the window")
    made.add_argument("--without-window", action="store_true", help="leave the window out")
    return made


def _print(trials: Sequence[Trial]) -> None:
    for name, fault, told in trials:
        print_text(f"{'FAIL' if fault else 'ok':<5} {name:<12} {fault or told}".rstrip())


def _tried(name: str, trial: Callable[[], str]) -> Trial:
    try:
        return Trial(name, "", trial())
    except Exception as error:  # noqa: BLE001 - whatever a broken program raises is the answer
        return Trial(name, f"{type(error).__name__}: {error}"[:300])


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise RuntimeError(otherwise)


def _probes() -> str:
    for name in PROBES:
        importlib.import_module(f"clearline.core.probes.{name}")
    return f"{len(PROBES)} probes"


def _driver() -> str:
    import pymongo.asynchronous.mongo_client
    from bson import decode, encode, has_c

    _require(decode(encode({"ok": 1})) == {"ok": 1}, "BSON does not come back as it was")
    return f"PyMongo {pymongo.version}{'' if has_c() else ', without its C extensions'}"


def _trust() -> str:
    from clearline.core.tls import trust

    trust.adopt_system_roots()
    bundled = trust.count_in(trust.bundled_roots())
    _require(bundled > 0, "the bundled list of authorities is empty")
    trust.os_roots_context()
    system = trust.roots_file("system")
    count = trust.count_in(system) if system is not None else 0
    return f"authorities: {trust.default_roots_count()} by default, {count} of the system, {bundled} bundled"


def _certificates() -> str:
    import ssl
    from datetime import UTC, datetime

    from clearline.core.tls import trust
    from clearline.core.tls.certificates import certificate_facts

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(trust.bundled_roots())
    first = context.get_ca_certs(binary_form=True)[0]
    return certificate_facts(first, datetime.now(UTC)).key_type


def _compressors() -> str:
    from pymongo import compression_support

    pressed = {
        compression_support.SnappyContext.compressor_id: compression_support.SnappyContext.compress(_TEXT),
        compression_support.ZlibContext.compressor_id: compression_support.ZlibContext(-1).compress(_TEXT),
        compression_support.ZstdContext.compressor_id: compression_support.ZstdContext.compress(_TEXT),
    }
    for number, data in pressed.items():
        _require(compression_support.decompress(data, number, len(_TEXT)) == _TEXT, f"compressor {number} is broken")
    return "snappy, zlib, zstd"


def _dns() -> str:
    from clearline.core.probes.dns import label, nameservers, preload

    preload()
    return "name servers: " + (", ".join(map(label, nameservers())) or "none")


def _key_store() -> str:
    import keyring

    from clearline.core.keyring.keyrings import human_name, usable

    found = usable(keyring.get_keyring())
    return human_name(found) if found is not None else "none here that is fit to keep secrets"


def _encryption() -> str:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    key = Scrypt(salt=bytes(16), length=32, n=2**10, r=8, p=1).derive(b"passphrase")
    sealed = AESGCM(key).encrypt(bytes(12), _TEXT, None)
    _require(AESGCM(key).decrypt(bytes(12), sealed, None) == _TEXT, "what was encrypted does not come back")
    return "scrypt, AES-256-GCM"


def _resources() -> str:
    import json

    import msgspec

    from clearline.core.diagnosis.catalogue import causes
    from clearline.core.profiles.profile import Profile
    from clearline.paths import resource

    schema = json.loads(resource("profile.schema.json").read_text("utf-8"))
    _require(bool(schema["$defs"]), "the schema is empty")
    again = msgspec.json.decode(msgspec.json.encode(Profile(name="x")), type=Profile)
    _require(again.name == "x", "a profile does not come back as it was")
    _require(resource("demo/orders.json").is_file(), "the demo's data is not here")
    return f"{len(causes())} causes, the schema, the demo"


def _folder() -> str:
    from clearline.obstacles import unwritable
    from clearline.paths import user_data_dir

    if problem := unwritable(user_data_dir()):
        raise OSError(problem)
    return str(user_data_dir())


def _checked(target: str) -> str:
    from clearline.cli import interrupts
    from clearline.core.check.library import check
    from clearline.core.report.report import Verdict

    report = interrupts.run(lambda: check(target))
    if report.verdict is Verdict.CANCELLED:
        raise KeyboardInterrupt
    _require(report.verdict is Verdict.CONNECTED, _why(report))
    return "connected"


def _why(report: Report) -> str:
    """What keeps the server from being used, and the code of it."""
    diagnosis = report.diagnosis
    return f"{shown(diagnosis.summary)} ({diagnosis.cause})" if diagnosis else "no verdict"


_TRIALS: Final = (
    ("probes", _probes),
    ("driver", _driver),
    ("trust", _trust),
    ("certificates", _certificates),
    ("compressors", _compressors),
    ("dns", _dns),
    ("key store", _key_store),
    ("encryption", _encryption),
    ("resources", _resources),
    ("folder", _folder),
)


def _window(target: str | None, picture: Path | None) -> Iterator[Trial]:
    """The icons, and the window as it is painted, after it has tested the target where there is one."""
    from clearline import obstacles
    from clearline.cli import interrupts
    from clearline.cli.demo import has_screen
    from clearline.core.report.report import Verdict

    if not has_screen():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    if problem := obstacles.before_window():
        yield Trial("screen", problem)
        return
    try:
        from clearline.ui import app, soundness
    except ImportError as error:
        yield Trial("Qt", obstacles.after_import_error() or str(error))
        return
    with tempfile.TemporaryDirectory() as folder:
        file = picture or Path(folder, "window.png")
        reports: list[Report] = []
        if target is None:
            code = app.screenshot(file)
        else:
            from clearline.core.uri.connection_string import read

            reading = read(target)
            code = app.run_demo(reading.profile, reading.secrets, screenshot=file, told=reports.append)
        if code == interrupts.INTERRUPTED:
            raise KeyboardInterrupt
        yield _tried("fonts", soundness.fonts)
        yield _tried("icons", soundness.icons)
        yield _tried("window", lambda: soundness.picture(file))
    if target is not None:
        report = reports[-1] if reports else None
        connected = report is not None and report.verdict is Verdict.CONNECTED
        fault = "" if connected else _why(report) if report is not None else "no report"
        yield Trial("server", fault, "connected")
