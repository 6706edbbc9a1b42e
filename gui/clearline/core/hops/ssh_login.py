"""One login at an SSH server: what is shown to it, in which order, and what it says to that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import asyncssh

from clearline.core.daemon_threads import run_in_daemon
from clearline.core.facts.hops import HopStage, Trouble
from clearline.core.files.drives import NoAnswer, asked
from clearline.core.hops.asking import Asker, Prompt, Question
from clearline.core.hops.known_hosts import Entry, HostKeys, Judgement, judge
from clearline.core.hops.ssh_config import Settings
from clearline.core.hops.ssh_keys import KeyProblem, LoadedKey, read, unlock
from clearline.core.secrets.secret import Secret

if TYPE_CHECKING:
    from clearline.core.hops.hop_log import HopLog
    from clearline.core.hops.trouble import HopError

_AUTHENTICATION_ENDED: Final = 14
"""SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE, RFC 4253, section 11.1."""
_PROTOCOL: Final = 2
_MOST_KEYS: Final = 20
_SIGNING_S: Final = 60.0
"""For a person who is asked by the agent, or has to touch a security key."""
_MOST_PROMPTS: Final = 10
_LONGEST_PROMPT: Final = 1000
_LONGEST_NOTICE: Final = 300
_METHODS: Final = {
    "key": "publickey",
    "agent": "publickey",
    "password": "password",
    "interactive": "keyboard-interactive",
}
_OTHERS: Final = ("hostbased", "gssapi-with-mic")
"""Never answered, but asked for last, so that the library's list has everything that the server takes."""


def methods(settings: Settings) -> list[str]:
    """The methods of RFC 4252 in the order in which they are to be tried."""
    wanted = [_METHODS[way] for way in settings.login]
    if "password" in settings.login:
        wanted.append("keyboard-interactive")  # many servers ask for the password only so
    return list(dict.fromkeys((*wanted, "publickey", "password", "keyboard-interactive", *_OTHERS)))


class Login(asyncssh.SSHClient):
    """Answers the library's questions during one login, and remembers what came of it. Each secret is shown once."""

    def __init__(
        self,
        settings: Settings,
        log: HopLog,
        entries: tuple[Entry, ...],
        trusted: HostKeys,
        secrets: tuple[Secret | None, Secret | None],
        asker: Asker | None,
    ) -> None:
        self._settings = settings
        self._log = log
        self._entries = entries
        self._trusted = trusted
        self._password, self._passphrase = secrets
        self._asker = asker
        self._conn: asyncssh.SSHClientConnection | None = None
        self._files: Iterator[str] = iter(settings.key_files if "key" in settings.login else ())
        self._queue: list[LoadedKey] = []
        self._agent_asked = "agent" not in settings.login
        self._agent: asyncssh.SSHAgentClient | None = None
        self.key_shown = asyncio.Event()
        self.host_key: asyncssh.SSHKey | None = None
        self.judgement: Judgement | None = None
        self.first_methods: tuple[str, ...] = ()
        self.further_methods: tuple[str, ...] = ()
        """What the server takes since it has accepted something, where that is not what it took before."""
        self.shown: list[LoadedKey] = []
        self.skipped: list[LoadedKey] = []
        self.signed: LoadedKey | None = None
        self.unsigned: LoadedKey | None = None
        self.problems: list[KeyProblem] = []
        self.agent_problem: str | None = None
        self.sent_password = False
        self.answered = False
        self.unanswered: Prompt | None = None
        self.second = False
        """Something else was accepted before the server asked."""
        self.server_takes: tuple[str, ...] = ()
        self.notice = ""
        """What the server last wished to be shown during the login; before it hangs up it may say why."""
        self.on_lost: Callable[[Exception | None], None] = lambda _: None
        self.pausing: Callable[[], AbstractContextManager[None]] = nullcontext

    # ------------------------------------------------------------ the host key

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        """Called by the library."""
        self._conn = conn

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the library."""
        if self._agent is not None:
            self._agent.close()
        self.on_lost(exc)

    def auth_banner_received(self, msg: str, lang: str) -> None:
        """Called by the library."""
        printable = "".join(c if c.isprintable() else " " for c in msg[-_LONGEST_NOTICE:])
        self.notice = " ".join(printable.split())

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Called by the library, for every key: it is told of none that are known."""
        self.host_key = key
        self.judgement = judge(self._entries, self._trusted.accepted, key)
        self.key_shown.set()
        return self.judgement.trouble is None

    def validate_host_ca_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Called by the library, which compares the names and dates of the certificate itself."""
        known = [entry for entry in self._entries if entry.key == key]
        good = any(e.marker == "cert-authority" for e in known) and not any(e.marker == "revoked" for e in known)
        self.host_key = key
        self.judgement = Judgement(None if good else Trouble.HOST_KEY_UNKNOWN)
        self.key_shown.set()
        return good

    # ------------------------------------------------------------ keys

    async def public_key_auth_requested(self) -> Any:
        """Called by the library until None: the next key that the server may take."""
        self._note_methods()
        while (key := await self._next_key()) is not None:
            takes = self.server_takes
            if takes and not set(key.algorithms) & set(takes):
                self.skipped.append(key)
                continue
            self.shown.append(key)
            key.pair.sign_async = partial(self._signature, key, key.signer())  # type: ignore[attr-defined]
            return [key.pair]
        return None

    async def _signature(self, key: LoadedKey, sign: Callable[[bytes], Awaitable[bytes]], data: bytes) -> bytes:
        """Called by the library where the server asks for it: mostly for a key that it accepts (RFC 4252, section 7).

        Raises ValueError, which the library takes for a key less.
        """
        try:
            with self.pausing():
                async with asyncio.timeout(_SIGNING_S):
                    signature = await sign(data)
        except (ValueError, OSError, asyncssh.Error) as error:  # a timeout is one, too
            self.unsigned = key
            raise ValueError("no signature") from error
        self.signed = key
        return signature

    async def _next_key(self) -> LoadedKey | None:
        while not self._queue and len(self.shown) < _MOST_KEYS:
            for way in dict.fromkeys(self._settings.login):
                if way == "key" and (file := next(self._files, None)) is not None:
                    await self._load(file)
                    break
                if way == "agent" and not self._agent_asked:
                    self._agent_asked = True
                    await self._ask_agent()
                    break
            else:
                return None
        return self._queue.pop(0) if self._queue else None

    async def _loaded(self, file: str, passphrase: Secret | None) -> list[LoadedKey]:
        try:
            files = await asked(file, read, file, self._settings.certificate_files)
        except NoAnswer as silence:
            raise KeyProblem(Trouble.FILE_SILENT, file, f"{silence.limit_s:g}") from None
        with self.pausing():  # neither a drive nor the server is waited for
            return list(await run_in_daemon(unlock, files, passphrase))

    async def _load(self, file: str) -> None:
        try:
            self._queue += await self._loaded(file, self._passphrase)
        except KeyProblem as problem:
            typed = await self._typed_passphrase(file) if problem.trouble is Trouble.KEY_ENCRYPTED else None
            if typed is None:
                self._keep(problem)
                return
            try:
                self._queue += await self._loaded(file, typed)
            except KeyProblem as again:
                self._keep(again)

    def _keep(self, problem: KeyProblem) -> None:
        usual = not self._settings.chosen_keys and problem.trouble is Trouble.KEY_MISSING
        if not usual:
            self.problems.append(problem)

    async def _typed_passphrase(self, file: str) -> Secret | None:
        answers = await self._ask("", f"The key {file} is protected by a passphrase.", (Prompt("Passphrase: "),))
        return answers[0] if answers else None

    async def _ask_agent(self) -> None:
        place = self._settings.agent
        if not place:
            self.agent_problem = ""
            return
        try:
            async with asyncio.timeout(self._log.terms.deadline_s * 2):
                self._agent = await asyncssh.connect_agent(place)
                pairs = list(await self._agent.get_keys())
        except (OSError, ValueError, asyncssh.Error):
            self.agent_problem = place
            return
        if not pairs:
            self.agent_problem = place
        if self._settings.identities_only:
            files = self._settings.key_files
            try:
                named = await asked(", ".join(files), _public_halves, files)
            except NoAnswer as silence:
                self.problems.append(KeyProblem(Trouble.FILE_SILENT, ", ".join(files), f"{silence.limit_s:g}"))
                return
            pairs = [pair for pair in pairs if pair.public_data in named]
        self._queue += [LoadedKey(pair, None) for pair in pairs]

    # ------------------------------------------------------------ passwords and questions

    def password_auth_requested(self) -> str | None:
        """Called by the library; a second call says that the first was refused."""
        self._note_methods()
        if self.sent_password or self._password is None or "password" not in self._settings.login:
            return None
        self.sent_password = True
        return self._password.reveal()

    def kbdint_auth_requested(self) -> str | None:
        """Called by the library: whether we let ourselves be asked."""
        self._note_methods()
        self.second = bool(self.further_methods)
        if self.answered or self.unanswered is not None:
            return None
        by_password = "password" in self._settings.login and self._password is not None and not self.sent_password
        return "" if by_password or "interactive" in self._settings.login else None

    async def kbdint_challenge_received(
        self, name: str, instructions: str, lang: str, prompts: Sequence[tuple[str, bool]]
    ) -> list[str] | None:
        """Called by the library: the server's questions. A password goes only where it must be what is asked for."""
        asked = tuple(Prompt(text[:_LONGEST_PROMPT], echo) for text, echo in prompts[:_MOST_PROMPTS])
        if not asked or len(asked) < len(prompts):
            return [] if not asked else None
        for_password = (
            len(asked) == 1
            and not asked[0].echo
            and not self.second
            and not self.answered
            and not self.sent_password
            and "password" not in self.first_methods
        )
        if for_password and self._password is not None and "password" in self._settings.login:
            self.sent_password = True
            return [self._password.reveal()]
        answers = None
        if "interactive" in self._settings.login:
            answers = await self._ask(name, instructions, asked)
        if answers is None:
            self.unanswered = asked[0]
            return None
        self.answered = True
        return [answer.reveal() for answer in answers]

    async def _ask(self, title: str, instructions: str, prompts: tuple[Prompt, ...]) -> tuple[Secret, ...] | None:
        if self._asker is None:
            return None
        question = Question(
            server=self._log.facts.server,
            title=title[:_LONGEST_PROMPT],
            instructions=instructions[:_LONGEST_PROMPT],
            prompts=prompts,
        )
        with self.pausing():
            answers = await self._asker.answers(question)
        return answers if answers is not None and len(answers) == len(prompts) else None

    def _now(self) -> tuple[str, ...]:
        return () if self._conn is None else tuple(self._conn.get_server_auth_methods())

    def _note_methods(self) -> None:
        now = self._now()
        self.first_methods = self.first_methods or now
        if not set(now) <= set(self.first_methods):
            self.further_methods = self.further_methods or now
        # The library has no public name for the server's server-sig-algs (RFC 8308, section 3.1).
        takes: set[bytes] = getattr(self._conn, "_server_sig_algs", set())
        self.server_takes = tuple(sorted(name.decode("ascii", "replace") for name in takes if name))

    # ------------------------------------------------------------ what came of it

    def failure(self, error: Exception, elapsed_ms: float) -> HopError:
        """Why a login did not come about, by what was shown and what the server took."""
        offered = self.first_methods
        files = [key for key in self.shown if key.file is not None]
        password_taken = {"password", "keyboard-interactive"} & set(offered)
        common: dict[str, Any] = {"offered": offered, "elapsed_ms": elapsed_ms, "count": len(self.shown) or None}

        def stop(trouble: Trouble, **fields: Any) -> HopError:
            return self._log.failed(HopStage.LOGIN, trouble, **{**common, **fields})

        if getattr(error, "code", None) == _PROTOCOL and len(self.shown) > 1:
            return stop(Trouble.TOO_MANY_KEYS)
        if self.unsigned is not None and not self.sent_password and not self.answered:
            return stop(Trouble.KEY_UNSIGNED, file=self.unsigned.words, key_type=self.unsigned.kind)
        if self.unanswered is not None:
            what = "second" if self.second else None
            return stop(Trouble.ANSWER_WANTED, said=self.unanswered.text.strip(), what=what)
        if self.answered:
            return stop(Trouble.ANSWER_REFUSED)
        if self.sent_password:
            return stop(Trouble.LOGIN_REFUSED)
        if self.signed is not None:
            more = {"what": "second", "offered": self.further_methods} if self.further_methods else {}
            return stop(Trouble.KEY_NOT_ENOUGH, file=self.signed.words, key_type=self.signed.kind, **more)
        if self.problems:
            problem = self.problems[0]
            seconds = problem.what or "" if problem.trouble is Trouble.FILE_SILENT else ""
            return stop(problem.trouble, file=problem.file, what=problem.what, errno=problem.errno, said=seconds)
        if self.skipped and not self.shown:
            key = self.skipped[0]
            return stop(Trouble.KEY_TYPE_REFUSED, key_type=key.kind, offered=self.server_takes, file=key.file)
        if files and self._settings.chosen_keys:
            return stop(Trouble.KEY_REFUSED, file=files[0].words, key_type=files[0].kind)
        if self._password is not None and "password" in self._settings.login and offered and not password_taken:
            return stop(Trouble.PASSWORD_NOT_OFFERED)
        if self.shown:
            return stop(Trouble.KEY_REFUSED, file=self.shown[0].words, key_type=self.shown[0].kind)
        alone = set(self._settings.login) == {"agent"} or self._settings.chosen_agent
        if self.agent_problem is not None and alone:
            return stop(Trouble.AGENT_UNAVAILABLE, file=self.agent_problem or None)
        return stop(Trouble.NO_WAY_IN)


def _public_halves(files: tuple[str, ...]) -> set[bytes]:
    """The public keys that stand beside private ones: those that IdentitiesOnly lets an agent show."""
    found = set()
    for file in files:
        try:
            found.add(asyncssh.read_public_key(f"{file}.pub").public_data)
        except (OSError, ValueError):
            continue
    return found
