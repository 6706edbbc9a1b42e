"""Files are whole or not there, and a lock has one holder among threads and processes."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from clearline.core.files import whole_files
from clearline.core.files.whole_files import Locked, expanded, locked, read_whole, write_whole
from lab import loops, peers


def test_a_file_is_replaced_as_a_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    for content in (b"one", b"two" * 100_000):
        write_whole(tmp_path / "a", content)
        assert (tmp_path / "a").read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.skipif(os.name != "posix", reason="folders are synced on POSIX")
def test_the_content_is_on_the_disk_before_its_name_and_the_name_before_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"old")
    done: list[tuple[str, bytes]] = []

    def synced(descriptor: int) -> None:
        what = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        done.append((what, (tmp_path / "a").read_bytes()))

    monkeypatch.setattr(os, "fsync", synced)
    write_whole(tmp_path / "a", b"new")
    assert done == [("file", b"old"), ("folder", b"new")]


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", b"")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").touch()
    with pytest.raises(OSError):
        write_whole(tmp_path / "a", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_what_killed_writes_have_left_goes_with_the_next_one_when_it_is_old(tmp_path: Path) -> None:
    for name, age in ((".clearline-old.tmp", 0), (".clearline-young.tmp", None), ("other.tmp", 0)):
        (tmp_path / name).touch()
        if age is not None:
            os.utime(tmp_path / name, (age, age))
    write_whole(tmp_path / "a", b"")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".clearline-young.tmp", "a", "other.tmp"]


def test_threads_take_turns(tmp_path: Path) -> None:
    count, inside, most = 0, 0, 0

    def work() -> None:
        nonlocal count, inside, most
        for _ in range(50):
            with locked(tmp_path):
                inside += 1
                most = max(most, inside)
                count = count + 1
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (count, most) == (200, 1)
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_stays_taken_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_files, "PATIENCE_S", 0.05)
    with locked(tmp_path):
        with pytest.raises(Locked, match="another program"):
            with locked(tmp_path):
                pass
    with locked(tmp_path):
        pass


def test_other_folders_are_not_locked(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with locked(tmp_path), locked(tmp_path / "b"):
        pass


posix = pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@posix
@pytest.mark.parametrize("before", [0o600, 0o640, 0o660, 0o664, 0o604])
def test_a_shared_file_keeps_its_mode(tmp_path: Path, before: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(before)
    write_whole(path, b"new", shared=True)
    assert (mode(path), path.read_bytes()) == (before, b"new")


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() != 0, reason="another group needs root")
def test_a_shared_file_keeps_its_group(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    os.chown(path, -1, 12345)
    path.chmod(0o660)
    write_whole(path, b"new", shared=True)
    assert (path.stat().st_gid, mode(path)) == (12345, 0o660)


@posix
@pytest.mark.parametrize("umask", [0o022, 0o002, 0o077])
def test_a_new_shared_file_follows_the_umask_and_any_other_is_private(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "shared", b"", shared=True)
        write_whole(tmp_path / "own", b"")
    finally:
        os.umask(before)
    assert mode(tmp_path / "shared") == 0o666 & ~umask
    assert mode(tmp_path / "own") == 0o600


@posix
def test_a_shared_file_that_becomes_private_is_so(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"")
    path.chmod(0o666)
    write_whole(path, b"secret")
    assert mode(path) == 0o600


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes in the file system")
def test_a_pipe_or_an_endless_device_in_place_of_a_file_is_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    before = len([*Path("/dev/fd").iterdir()])
    for path in (pipe, Path("/dev/zero"), tmp_path):
        with pytest.raises(OSError, match="no regular file") as raised:
            read_whole(path)
        assert raised.value.filename == str(path)
    assert len([*Path("/dev/fd").iterdir()]) == before, "none is left open"


def test_a_file_that_is_too_long_is_refused_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_bytes(b"x" * 11)
    assert read_whole(path, 11) == b"x" * 11
    with pytest.raises(OSError, match="longer than 10 bytes"):
        read_whole(path, 10)


def held(times: int, number: int) -> Callable[[Path, Path], Path]:
    """What Windows answers while another program has the old file open."""
    replace, tries = Path.replace, 0

    def answer(new: Path, old: Path) -> Path:
        nonlocal tries
        tries += 1
        if tries <= times:
            error = PermissionError(13, "Access is denied")
            error.winerror = number  # type: ignore[attr-defined, unused-ignore]
            raise error
        return replace(new, old)

    return answer


@pytest.mark.parametrize("number", [5, 32])
def test_a_file_that_a_virus_scanner_holds_is_replaced_once_it_lets_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(Path, "replace", held(3, number))
    monkeypatch.setattr(whole_files, "_PAUSE_FOR_READERS_S", 0.0)
    write_whole(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_file_that_is_held_is_removed_and_renamed_once_it_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").touch()
    monkeypatch.setattr(Path, "replace", held(3, 32))
    monkeypatch.setattr(whole_files, "_PAUSE_FOR_READERS_S", 0.0)
    whole_files.patiently(lambda: (tmp_path / "a").replace(tmp_path / "b"))
    whole_files.patiently((tmp_path / "b").unlink)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FileNotFoundError):  # which no waiting mends
        whole_files.patiently((tmp_path / "b").unlink)


@pytest.mark.parametrize(("times", "number"), [(1, 112), (100, 32)])
def test_a_file_that_stays_held_or_a_full_disk_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int, number: int
) -> None:
    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(Path, "replace", held(times, number))
    monkeypatch.setattr(whole_files, "_PAUSE_FOR_READERS_S", 0.0)
    with pytest.raises(PermissionError):
        write_whole(tmp_path / "a", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def test_a_file_is_held_until_its_descriptor_is_closed(tmp_path: Path) -> None:
    first = whole_files.held(tmp_path / "lock")
    assert first is not None
    assert whole_files.held(tmp_path / "lock") is None
    os.close(first)
    second = whole_files.held(tmp_path / "lock")
    assert second is not None
    os.close(second)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
def test_a_file_that_has_nothing_to_say_now_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "a")
    keeper = os.open(tmp_path / "a", os.O_RDWR)
    monkeypatch.setattr(stat, "S_ISREG", lambda _mode: True)  # as /proc/kmsg is, which root alone may read
    with pytest.raises(BlockingIOError):
        read_whole(tmp_path / "a")
    os.close(keeper)


# ---------------------------------------------------------------- paths that no file can have

IMPOSSIBLE = ["~nosuchuser/x", "~a\0b/x", "~/\0x", "a\0b", "x" * 5000]


@pytest.mark.parametrize("text", IMPOSSIBLE, ids=lambda text: ascii(text)[:20])
def test_a_path_that_no_file_can_have_cannot_be_read_and_that_is_all(text: str) -> None:
    with pytest.raises(OSError):
        read_whole(expanded(text))


def test_a_process_without_a_home_leaves_the_path_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home(_self: Path) -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "expanduser", no_home)  # a container whose user no file names
    assert expanded("~/.ssh/config") == Path("~/.ssh/config")


@pytest.mark.parametrize("text", IMPOSSIBLE, ids=lambda text: ascii(text)[:20])
def test_no_field_that_names_a_file_ends_a_check_with_an_error_of_the_program(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    from msgspec.structs import replace

    from clearline.core.check.check import check
    from clearline.core.check.request import Patience, Permits, Request
    from clearline.core.hops.asking import Agreed
    from clearline.core.hops.known_hosts import HostKeys
    from clearline.core.profiles.hop import KubernetesForward, SshServer
    from clearline.core.profiles.profile import Profile, Seeds, Tls
    from clearline.core.report.report import Verdict

    with peers.closed_port() as port:
        own = Profile(seeds=Seeds(hosts=(f"127.0.0.1:{port}",)))
        ssh = SshServer(host="127.0.0.1", port=port)
        hops = [
            *(replace(ssh, **{name: text}) for name in ("key_file", "certificate_file", "known_hosts", "agent")),
            replace(ssh, config_alias=text),
            KubernetesForward(kubeconfig=text),
        ]
        profiles = [
            replace(own, seeds=Seeds(hosts=("${A}",)), env_file=text),
            replace(own, seeds=Seeds(hosts=(f"{text}.sock",))),
            *(
                replace(own, tls=Tls(enabled=True, **{name: text}))
                for name in ("ca_file", "certificate_key_file", "crl_file")
            ),
            *(replace(own, hops=(hop,)) for hop in hops),
        ]
        permits = Permits(may_run=lambda _command: True, way=Agreed(HostKeys(None), None))
        for profile in profiles:
            request = Request(profile, {}, None, Patience(silence_s=0.2), permits)
            report = loops.run(check(request, lambda _stage: None))
            assert report.verdict is Verdict.FAILED
            assert report.diagnosis is not None
            assert [record for record in caplog.records if record.levelname == "ERROR"] == []
