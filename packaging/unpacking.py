"""The beginning of clearline.pyz: unpacks the program once into the user's cache, and becomes it.

Libraries that are machine code cannot be loaded from an archive. Standard library only, and as old as Python 3.8, so
that it can say what is missing.
"""

import os
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

SITE = "site/"
"""What is unpacked, by its folder in the archive; ``site.txt`` names it by its content."""
FOR = "for.txt"
"""The Python and the platform that it was made for: ``3.11 linux x86_64``."""


def cache_folder(environ=os.environ, platform=sys.platform):
    """Where this user's programs keep what they can make again."""
    if platform == "win32":
        base = environ.get("LOCALAPPDATA") or Path("~", "AppData", "Local").expanduser()
    elif platform == "darwin":
        base = Path("~", "Library", "Caches").expanduser()
    else:
        base = environ.get("XDG_CACHE_HOME") or Path("~", ".cache").expanduser()
    return Path(base, "clearline-pyz")


def here():
    """This Python and platform, as `FOR` has it."""
    import platform

    return f"{sys.version_info[0]}.{sys.version_info[1]} {sys.platform} {platform.machine().lower()}"


def unpacked(archive, folder):
    """The folder with the program, unpacked there unless it is. Raises OSError."""
    with zipfile.ZipFile(archive) as packed:
        place = folder / packed.read("site.txt").decode("ascii")
        if place.is_dir():
            return place
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        beginning = Path(tempfile.mkdtemp(dir=folder))
        try:
            packed.extractall(beginning, [name for name in packed.namelist() if name.startswith(SITE)])
            (beginning / SITE).rename(place)
        except OSError:
            if not place.is_dir():  # else another process was faster
                raise
        finally:
            shutil.rmtree(beginning, ignore_errors=True)
    return place


def main():
    """Unpack and run; one sentence where that cannot be."""
    archive = Path(__file__).resolve().parent
    with zipfile.ZipFile(archive) as packed:
        wanted = packed.read(FOR).decode("ascii")
    if wanted != here():
        return f"clearline: this file is for Python {wanted}, and this is {here()}."
    folder = cache_folder()
    try:
        place = unpacked(archive, folder)
    except OSError as error:
        return (
            f"clearline: it cannot unpack itself into {folder} ({error.strerror or type(error).__name__}):"
            " set XDG_CACHE_HOME to a folder that can be written."
        )
    sys.path.insert(0, str(place))
    try:
        import msgspec  # noqa: F401 - machine code, like much that follows
    except ImportError:
        return (
            f"clearline: the libraries that it unpacked into {folder} cannot be loaded there (a file system that allows"
            " no programs?): set XDG_CACHE_HOME to another folder."
        )
    from clearline.__main__ import run

    return run()


if __name__ == "__main__":
    sys.exit(main())
