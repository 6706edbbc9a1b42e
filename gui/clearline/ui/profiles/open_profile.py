"""One profile in the window: its values, its text, its secrets, its worker and its last report.

The text and the form are two views of the same values. Whichever was edited last leads; the other follows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal

from clearline.core.facts.text import Mistake
from clearline.core.findings import Remedy
from clearline.core.keyring.placing import kept_secrets
from clearline.core.profiles.profile import Place, Profile, SecretSource
from clearline.core.profiles.secret_places import with_source
from clearline.core.report.report import Report, Verdict
from clearline.core.secrets.redaction import redact
from clearline.core.secrets.secret import (
    AWS_SESSION_TOKEN,
    KEY_PASSWORD,
    PASSWORD,
    PROXY_PASSWORD,
    Secret,
    Secrets,
    hop_password,
    hop_secrets,
)
from clearline.core.uri import connection_string, remedies
from clearline.core.uri.proxy_options import in_text
from clearline.core.uri.remedies import Values
from clearline.ui.background.messages import Answer, Broken, Check, Ended, Message, Progress
from clearline.ui.background.worker import Worker
from clearline.ui.models.driver_events import DriverEventsModel


class Origin(Enum):
    """Who changed the values."""

    TEXT = "text"
    FORM = "form"
    ELSEWHERE = "elsewhere"


class OpenProfile(QObject):
    """Values and state for the widgets to show; no widget of its own."""

    changed = Signal(object)
    """The profile, its text or its secrets are others now; carries the `Origin`."""
    reported = Signal()
    """A newer report, or a check began or ended."""
    broke = Signal(object)
    """A bug ended something in the worker; carries the exception."""
    left_behind = Signal(bool)
    """What ran did not end, and its thread was let go; True when it was a check."""

    def __init__(self, check: Check, profile: Profile, *, path: Path | None = None, saved: bool = False) -> None:
        super().__init__()
        self._check = check
        self._worker: Worker | None = None
        self._run: int | None = None
        self._typed: Secret | None = None
        self._mistakes: tuple[Mistake, ...] = ()
        self._saved = profile if saved else None
        self.profile = profile
        self.secrets: dict[str, Secret] = {}
        self._saved_secrets: dict[str, Secret] = {}
        self.place_of_new: Place = "keyring"
        """Where secrets go that a profile gets before it is saved for the first time."""
        self.path = path
        self.from_elsewhere = False
        """It came from elsewhere: it asks before it does what they want."""
        self.typed_commands: frozenset[str] = frozenset()
        """Commands of its fields that the user typed into the form since its file was last read."""
        self.report: Report | None = None
        self.earlier: tuple[Report, ...] = ()
        """Reports of earlier checks, the newest first, as far as they were asked for."""
        self._tested: tuple[Profile, dict[str, Secret]] | None = None
        self.tested_with: dict[str, Secret] = {}
        """The secrets of the latest check, those that are asked each time included."""
        self._unrecorded = False
        self.events = DriverEventsModel()
        self.blank = Profile(id=profile.id, name=profile.name)

    # ------------------------------------------------------------ values

    @property
    def text(self) -> Secret:
        """The connection string, secrets included."""
        if self._typed is not None:
            return self._typed
        if not self.profile.seeds.hosts and self.profile == msgspec.structs.replace(self.blank, name=self.profile.name):
            return Secret("")
        return Secret(connection_string.build(self.profile, self.secrets, show="plain"))

    @property
    def redacted(self) -> str:
        """The connection string without its secrets."""
        return redact(self.text.reveal(), self.secrets.values())

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """What is wrong with the text."""
        return self._mistakes

    @property
    def unsaved(self) -> bool:
        """Whether there is something to save."""
        if self._saved is None:
            return self.profile != self.blank
        return self.profile != self._saved or kept_secrets(self.profile, self.secrets) != kept_secrets(
            self.profile, self._saved_secrets
        )

    @property
    def saved_secrets(self) -> Secrets:
        """What vault and window agree on."""
        return dict(self._saved_secrets)

    @property
    def typed_secrets(self) -> frozenset[str]:
        """The names of those that are not what the vault has."""
        return frozenset(n for n in self.secret_names if self.secrets.get(n) != self._saved_secrets.get(n))

    @property
    def saved(self) -> Profile | None:
        """What its file holds, as far as known; None when it was never saved."""
        return self._saved

    @property
    def worth_keeping(self) -> bool:
        """Whether closing would lose something: edits of a saved profile, or what was typed and never tested."""
        return self.unsaved and (self._saved is not None or bool(self.profile.name) or self._tested is None)

    @property
    def secret_names(self) -> tuple[str, ...]:
        """The secrets that this profile can have."""
        unread = (entry.name for entry in self.profile.unread if entry.value is None)
        hops = hop_secrets(len(self.profile.hops))
        return tuple(dict.fromkeys((PASSWORD, KEY_PASSWORD, AWS_SESSION_TOKEN, PROXY_PASSWORD, *unread, *hops)))

    def set_text(self, plain: Secret, origin: Origin = Origin.TEXT) -> None:
        """The user edited the text, or brought an earlier one back."""
        reading = connection_string.read(plain.reveal(), profile=self.profile, prompting=True)
        kept: Secrets = {}
        if reading.profile.hops == self.profile.hops:  # else they belong to hops that are no more
            names = hop_secrets(len(self.profile.hops))
            kept = {name: self.secrets[name] for name in names if name in self.secrets}
        self._typed = plain
        self.profile = self._placed(reading.profile, reading.secrets)
        self.secrets = {**kept, **reading.secrets}
        self._mistakes = reading.facts.mistakes if plain else ()
        self.changed.emit(origin)

    def set_profile(self, profile: Profile, origin: Origin = Origin.FORM) -> None:
        """The form, or a fix, changed the values; the text is written anew."""
        self.profile = profile
        self._rewrite(origin)

    def set_secret(self, name: str, secret: Secret | None, origin: Origin = Origin.FORM) -> None:
        """The form, or the vault, has another secret."""
        if secret:
            self.profile = self._placed(self.profile, {name: secret})
            self.secrets[name] = secret
        else:
            self.secrets.pop(name, None)
        self._rewrite(origin)

    def _placed(self, profile: Profile, secrets: Secrets) -> Profile:
        """With the place for secrets that a profile which was never saved has got just now."""
        if self._saved is None and self.place_of_new != "keyring":
            for name in secrets:
                if name not in self.secrets and name not in profile.secrets:
                    profile = with_source(profile, name, SecretSource(place=self.place_of_new))
        return profile

    def set_values(self, values: Values) -> None:
        """A remedy, or taking one back, changed profile and secrets; the text is written anew."""
        self.profile, self.secrets = values.profile, dict(values.secrets)
        self._rewrite(Origin.ELSEWHERE)

    def after(self, remedy: Remedy | Mistake) -> Values | None:
        """Profile and secrets after a remedy; None when it does not fit or changes nothing."""
        text = self.text.reveal()
        reading = replace(
            connection_string.read(text, profile=self.profile), profile=self.profile, secrets=self.secrets
        )
        values = remedies.carried_out(reading, remedy, self.report_with_seeds)
        if values is None:
            return None
        after = connection_string.build(values.profile, values.secrets, show="plain")
        if (remedy.action or "").startswith("rename-option"):  # the renamed one has a field of its own now
            renamed = connection_string.read(after, profile=values.profile)
            values = Values(renamed.profile, dict(renamed.secrets))
        return None if after == text and values.profile == self.profile else values

    @property
    def report_with_seeds(self) -> Report | None:
        """The newest report that knows the servers of the SRV name, where there is one."""
        return next((one for one in (self.report, *self.earlier) if remedies.knows_seeds(one, self.profile)), None)

    def with_parts(self, **parts: Any) -> Profile:
        """The profile with some of its sections replaced."""
        return msgspec.structs.replace(self.profile, **parts)

    def mark_saved(self, profile: Profile, path: Path, secrets: Secrets | None = None) -> None:
        """These values are on disk now, and these secrets where the profile says."""
        self._saved = profile
        self.path = path
        if secrets is not None:
            self._saved_secrets = dict(secrets)
        self.changed.emit(Origin.ELSEWHERE)

    def mark_gone(self) -> None:
        """Another program deleted its file: what stands here is all there is of it."""
        self._saved = self.path = None
        self.changed.emit(Origin.ELSEWHERE)

    def adopt(self, profile: Profile) -> None:
        """Its file holds this now, and so does the window: another program's edit, or our own taken back."""
        self._saved = self.profile = profile
        self.typed_commands = frozenset()
        self._rewrite(Origin.ELSEWHERE)

    def revert(self) -> None:
        """Back to what was saved; what never was becomes empty."""
        self.profile = self._saved or self.blank
        self.typed_commands = frozenset()
        self.secrets = dict(self._saved_secrets)
        self._rewrite(Origin.ELSEWHERE)

    def rename(self, name: str) -> None:
        """Another name; the text does not know it."""
        if name != self.profile.name:
            self.profile = msgspec.structs.replace(self.profile, name=name)
            self.changed.emit(Origin.FORM)

    def _rewrite(self, origin: Origin) -> None:
        self._typed = None
        if in_text(self.profile.hops) and not any(item.name == PROXY_PASSWORD for item in self.profile.unread):
            called = {PROXY_PASSWORD: hop_password(0)}  # before it was a hop's
            self.secrets = {called.get(name, name): secret for name, secret in self.secrets.items()}
        text = self.text
        reading = connection_string.read(text.reveal(), profile=self.profile, prompting=True) if text else None
        self._mistakes = reading.facts.mistakes if reading is not None else ()
        if reading is not None and reading.profile.hops and not self.profile.hops:
            # A profile of before, when options that name a proxy were kept as they were and not used.
            hops, unread, sources = reading.profile.hops, reading.profile.unread, reading.profile.secrets
            self.profile = msgspec.structs.replace(self.profile, hops=hops, unread=unread, secrets=sources)
            self.secrets = dict(reading.secrets)
        self.changed.emit(origin)

    # ------------------------------------------------------------ checks

    @property
    def worker(self) -> Worker | None:
        """The thread that does its work, once there was a check."""
        return self._worker

    def live_worker(self) -> Worker:
        """The thread that does its work, made now if there was none."""
        if self._worker is None:
            self._worker = Worker(self._check)
            self._worker.stuck.connect(self._leave_worker)
        return self._worker

    @property
    def typed(self) -> Secret | None:
        """The text exactly as typed; None when it is written from the values."""
        return self._typed

    @property
    def running(self) -> bool:
        """Whether a check runs or is about to."""
        return self._run is not None

    @property
    def verdict(self) -> Verdict | None:
        """Of the last report, while it is about the values as they are."""
        return self.report.verdict if self.report and not self.stale else None

    @property
    def stale(self) -> bool:
        """Whether the connection was changed since it was tested last."""
        return self._tested is not None and self._tested != (_nameless(self.profile), self.secrets)

    @property
    def tested(self) -> bool:
        """Whether the connection was tested as it is now."""
        return self._tested is not None and not self.stale

    def test(self, secrets: Secrets | None = None, wrap: Callable[[Check], Check] | None = None) -> None:
        """Start a check of the values as they are; one that runs is replaced.

        ``secrets`` are those of this one check, where some of them are asked each time; ``wrap`` makes another check
        of the usual one, for this time.
        """
        worker = self.live_worker()
        if (found := self.report_with_seeds) is not None:
            self.earlier = (found, *(one for one in self.earlier if one is not found))
        self.report = None
        self._tested = (_nameless(self.profile), dict(self.secrets))
        self.events.clear()
        self.events.began = time.time()
        typed = self._typed.reveal() if self._typed else None
        used = self.secrets if secrets is None else secrets
        check = wrap(self._check) if wrap is not None else None
        self.tested_with = dict(used)
        self._run = worker.submit(self.profile, used, typed if used == self.secrets else None, check)
        self.reported.emit()

    def show_report(self, report: Report) -> None:
        """Show a report that came another way: an earlier one, or that of a test of several profiles."""
        if not self.running:
            self.report = report
            self._unrecorded = False
            self._tested = (_nameless(self.profile), dict(self.secrets))
            self.reported.emit()

    def take_unrecorded(self) -> bool:
        """Whether the report of the last check was not kept yet; from now on it is."""
        was, self._unrecorded = self._unrecorded, False
        return was

    def stop(self) -> None:
        """End the check that runs."""
        if self._worker is not None:
            self._worker.stop_check()

    def _leave_worker(self) -> None:
        """What runs holds its thread, and not even Stop reaches it: what comes next gets another thread."""
        worker, self._worker = self._worker, None
        if worker is None:
            return
        worker.leave()
        was_checked = self._run is not None
        if self._run is not None:
            self._end(Ended(self._run))
            self._run = None
            self.reported.emit()
        self.left_behind.emit(was_checked)

    def use_secrets(self, secrets: Secrets) -> None:
        """Take secrets from the vault, where none was typed meanwhile."""
        missing = {
            name: secret
            for name, secret in secrets.items()
            if name not in self.secrets and name not in self._saved_secrets  # one that was removed stays so
        }
        self._saved_secrets.update(secrets)
        if missing:
            self.secrets.update(missing)
            self._rewrite(Origin.ELSEWHERE)

    def pull(self) -> bool:
        """Take what the worker has; whether there was anything. Called once per frame."""
        if self._worker is None:
            return False
        messages = self._worker.take()
        newest = self._newest(messages)
        batch = self._worker.events.drain()
        if batch:
            self.events.append(batch, self._worker.events.dropped)
        if newest:
            self.reported.emit()
        return bool(messages or batch)

    def _newest(self, messages: Iterable[Message]) -> bool:
        news = False
        for message in messages:
            match message:
                case Progress(run=run, report=report) if run == self._run:
                    self.report, news = report, True
                case Ended(run=run) if run == self._run:
                    self._run, news = None, True
                    self._end(message)
                case Answer(deliver=deliver):
                    deliver()
                case Broken(error=error):
                    self.broke.emit(error)
                case _:
                    pass  # of a check that was replaced
        return news

    def _end(self, ended: Ended) -> None:
        if ended.report is not None:
            self.report = ended.report
            self._unrecorded = True
        elif self.report is not None and self.report.verdict is None:
            self.report = msgspec.structs.replace(self.report, verdict=Verdict.CANCELLED)
        if ended.error is not None:
            self.broke.emit(ended.error)


def _nameless(profile: Profile) -> Profile:
    """What a check depends on."""
    return msgspec.structs.replace(profile, name="", colour=None, notes="", folder="", favourite=False)
