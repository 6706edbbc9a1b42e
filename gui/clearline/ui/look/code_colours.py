"""Colours for the code of the Code tab: comments, texts, words of the language, numbers."""

from __future__ import annotations

import re
from typing import Final

from PySide6.QtGui import QColor, QFont, QSyntaxHighlighter, QTextCharFormat, QTextDocument

from clearline.core.snippets import Language
from clearline.ui.look import theme
from clearline.ui.look.text_places import to_qt

_WORDS: Final = {
    Language.PYTHON: "and as assert async await break case class continue def del elif else except False finally for"
    " from global if import in is lambda match None not or pass raise return self True try while with yield",
    Language.BASH: "mongosh export",
    Language.POWERSHELL: "mongosh",
    Language.DOTENV: "",
    Language.TEXT: "",
    Language.JAVASCRIPT: "import from const let await async new try finally catch return",
    Language.JAVA: "import public private static final class void new try return String",
    Language.GO: "package import func var const if err nil defer return string",
    Language.CSHARP: "using var new await return",
    Language.RUST: "use async fn let mut main return Ok Some Result",
}
_COMMENT: Final = {
    Language.PYTHON: "#",
    Language.BASH: "#",
    Language.POWERSHELL: "#",
    Language.DOTENV: "#",
}
_TEXTS: Final = r'"""(?:.|\n)*?"""|"(?:[^"\\]|\\.)*"?|\'(?:[^\'\\]|\\.)*\'?'


def _tokens(language: Language) -> re.Pattern[str] | None:
    if language is Language.TEXT:
        return None
    comment = re.escape(_COMMENT.get(language, "//")) + ".*"
    words = "|".join(_WORDS[language].split()) or r"(?!)"
    return re.compile(
        rf"(?P<muted>{comment})|(?P<passed>{_TEXTS})|(?P<accent>\b(?:{words})\b|^@\w+|^[A-Z][A-Z0-9_]*(?==))"
        r"|(?P<warning>\b\d[\d_.]*\b)"
    )


class CodeColours(QSyntaxHighlighter):
    """Paints one document; follows the palette when `repaint` is called."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._tokens: re.Pattern[str] | None = None
        self._formats: dict[str, QTextCharFormat] = {}
        self._take_colours()

    def set_language(self, language: Language) -> None:
        """The language of the text that is set next."""
        self._tokens = _tokens(language)

    def repaint(self) -> None:
        """Paint in the palette in use."""
        self._take_colours()
        self.rehighlight()

    def _take_colours(self) -> None:
        for tone in ("muted", "passed", "accent", "warning"):
            made = QTextCharFormat()
            made.setForeground(QColor(theme.tone(tone)))
            if tone == "accent":
                made.setFontWeight(QFont.Weight.DemiBold)
            self._formats[tone] = made

    def highlightBlock(self, text: str) -> None:
        """Paint one line; no text or comment of our snippets is longer than that."""
        if self._tokens is None:
            return
        for found in self._tokens.finditer(text):
            if found.lastgroup is not None:
                begin, end = to_qt(text, found.start()), to_qt(text, found.end())
                self.setFormat(begin, end - begin, self._formats[found.lastgroup])
