#!/usr/bin/env python3
"""Print a part of requirements.lock as pip reads it: ``python3 packaging/requirements.py headless``."""

from __future__ import annotations

import sys

from lock_file import LOCK, locked

if __name__ == "__main__":
    print(locked(LOCK.read_text(encoding="utf-8"), sys.argv[1]), end="")
