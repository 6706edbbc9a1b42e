"""The forms in which a report leaves the program, and which of them a file's name asks for."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from clearline.core.report.report import Report


class Form(Enum):
    """One form of a report; the value is the suffix of its files."""

    HTML = ".html"
    MARKDOWN = ".md"
    JSON = ".json"


def form_of(path: Path) -> Form:
    """The form that a file's name asks for; HTML where it asks for none."""
    try:
        return Form(path.suffix.lower())
    except ValueError:
        return Form.HTML


def written(report: Report, form: Form) -> str:
    """A report in one form; each is imported when it is first asked for."""
    match form:
        case Form.HTML:
            from clearline.core.report.html import to_html

            return to_html(report)
        case Form.MARKDOWN:
            from clearline.core.report.markdown import to_markdown

            return to_markdown(report)
        case Form.JSON:
            from clearline.core.report.report import to_json

            return to_json(report)
