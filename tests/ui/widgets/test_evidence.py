"""Evidence as it is read: units, and nothing where nothing was found out."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QTextDocument

from clearline.ui.widgets.evidence import as_html


def read(html: str) -> str:
    document = QTextDocument()
    document.setHtml(html)
    return " ".join(document.toPlainText().split())


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        ({"plain_hello": {"reach": "silent", "ms": 1502.4}}, "plain hello silent, 1,502 ms"),
        (
            {"plain_hello": {"reach": "ok", "received": 31400, "ms": 3.0291}},
            "plain hello ok, received 31,400 bytes, 3.03 ms",
        ),
        ({"ms": 0.2954}, "took 0.295 ms"),
        ({"ms": 0.0}, "took 0 ms"),
        ({"received": "nothing"}, "received nothing"),
        ({"seeds": ["db1", "db2"]}, "seeds db1 db2"),
    ],
)
def test_numbers_have_units_and_no_exponents(evidence: dict[str, object], words: str) -> None:
    assert read(as_html(evidence)) == words


@pytest.mark.parametrize("evidence", [{}, {"errno": None}, {"tags": {}, "hosts": []}])
def test_what_was_not_found_out_makes_no_page(evidence: dict[str, object]) -> None:
    assert as_html(evidence) == ""
