"""Every part that is bundled comes with its licence."""

from __future__ import annotations

from clearline.licences import QT, SSH, collected


def test_python_and_all_that_clearline_needs_have_a_text() -> None:
    found = collected()
    parts = {part.rpartition(" ")[0].lower().replace("_", "-") for part in found}
    assert {"python", "clearline", "pymongo", "pyside6-essentials", "shiboken6", "cryptography", "keyring"} <= parts
    assert "pytest" not in parts, "what only tests need is not bundled"
    assert all(text.strip() for text in found.values())
    assert "MIT" in next(text for part, text in found.items() if part.startswith("clearline"))
    assert "LESSER GENERAL" in next(text for part, text in found.items() if part.startswith("PySide6"))
    assert "Lesser General Public License" in QT
    assert "Eclipse Public License" in next(text for part, text in found.items() if part.startswith("asyncssh"))
    assert "Eclipse Public License" in SSH
    assert "https://pypi.org/project/asyncssh" in SSH
