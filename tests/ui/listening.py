"""A screen reader for a test: ``python listening.py FOLDER``, on a screen and a session bus of its own.

Shows a window with a failure in a process beside this one, and prints what came over the accessibility bus (AT-SPI)
as JSON: what was announced, and the role and name of each part of the window.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from jeepney import DBusAddress, HeaderFields, MatchRule, Properties, message_bus, new_method_call  # type: ignore[import-untyped]
from jeepney.io.blocking import DBusConnection, open_dbus_connection  # type: ignore[import-untyped]

_EVENTS = "org.a11y.atspi.Event.Object"
_ACCESSIBLE = "org.a11y.atspi.Accessible"
_ROOT = "/org/a11y/atspi/accessible/root"
_PATIENCE_S = 60.0
_MOST = 2_000


def listen(folder: str) -> None:
    """Print what is heard until the verdict."""
    with open_dbus_connection() as session:
        bus = DBusAddress("/org/a11y/bus", bus_name="org.a11y.Bus", interface="org.a11y.Bus")
        (address,) = session.send_and_get_reply(new_method_call(bus, "GetAddress")).body
    with open_dbus_connection(address) as reader:
        reader.send_and_get_reply(message_bus.AddMatch(MatchRule(type="signal", interface=_EVENTS)))
        registry = DBusAddress(
            "/org/a11y/atspi/registry", bus_name="org.a11y.atspi.Registry", interface="org.a11y.atspi.Registry"
        )
        reader.send_and_get_reply(
            new_method_call(registry, "RegisterEvent", "sass", ("object:announcement", [], ""))
        )  # programs send nothing that nothing listens to
        window = subprocess.Popen([sys.executable, __file__, folder, "window"])
        try:
            sender, said = announced(reader, time.monotonic() + _PATIENCE_S)
            print(json.dumps({"announced": said, "parts": parts(reader, sender)}))
        finally:
            window.kill()
            window.wait()


def announced(reader: DBusConnection, end: float) -> tuple[str, str]:
    """Who announced something first, and what."""
    while True:
        message = reader.receive(timeout=end - time.monotonic())
        fields = message.header.fields
        if fields.get(HeaderFields.member) == "Announcement":
            return fields[HeaderFields.sender], message.body[3][1]


def parts(reader: DBusConnection, sender: str) -> list[tuple[str, str]]:
    """Role and name of everything in the window, as a reader walks it."""
    found: list[tuple[str, str]] = []
    paths = [_ROOT]
    while paths and len(found) < _MOST:
        path = paths.pop()
        one = DBusAddress(path, bus_name=sender, interface=_ACCESSIBLE)

        def call(method: str, one: DBusAddress = one) -> Any:
            return reader.send_and_get_reply(new_method_call(one, method)).body[0]

        name = reader.send_and_get_reply(Properties(one).get("Name")).body[0][1]
        found.append((call("GetRoleName"), name))
        paths += [child for _, child in reversed(call("GetChildren"))]
    return found


def show(folder: str) -> None:
    """The window with its failure, until it is ended."""
    from clearline.core.report.report import Verdict
    from clearline.ui import app as ui
    from ui import played_checks as play
    from ui import scenes

    gc.disable()
    app = ui._application()
    with scenes.seen(app, Path(folder)) as seen:
        seen.test(play.report(Verdict.FAILED, play.ASK_PASSWORD, servers=(play.server(1),)))
        app.exec()


if __name__ == "__main__":
    show(sys.argv[1]) if "window" in sys.argv else listen(sys.argv[1])
