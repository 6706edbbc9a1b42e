"""Where the frozen program starts."""

from __future__ import annotations

from clearline.__main__ import run

if __name__ == "__main__":
    run()
