"""What every form page is: it shows a profile's state and tells what the user changed, section by section."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from clearline.core.facts.text import Mistake
from clearline.core.profiles.profile import Profile
from clearline.core.report.report import Report
from clearline.core.secrets.secret import Secrets
from clearline.ui.background.background import Background
from clearline.ui.widgets.tab_order import go_to


@dataclass(frozen=True, slots=True)
class FormState:
    """All that the pages show."""

    profile: Profile
    secrets: Secrets = field(default_factory=dict, repr=False)
    mistakes: tuple[Mistake, ...] = ()
    where: Mapping[str, str] = field(default_factory=dict)
    """By the secret's name: where it is, in words."""
    report: Report | None = None
    """The last report about this profile; the last that knows the servers of its SRV name, where there is one."""


class FormPage(QWidget):
    """One page of the form. It keeps no values of its own beyond what is being typed."""

    edited = Signal(str, object)
    """An attribute of the profile (``seeds``, ``tls``, …) and its new value."""
    secret_edited = Signal(str, object)
    """A secret's name and its new `Secret`; None when its field is empty."""
    repair_requested = Signal(object)
    """A `Mistake` or `Remedy` to carry out."""
    field_wanted = Signal(str)
    """The name of a field, perhaps of another page, to turn to."""
    text_entered = Signal(object)
    """A whole connection string was pasted into an editor, as a `Secret`."""
    submitted = Signal()
    """Return was pressed in an editor: test it."""

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        """``parent`` is where it will stand, so that Qt styles each editor only once."""
        super().__init__(parent)
        self.setObjectName("page")
        self.background = background
        self.state = FormState(Profile())

    def show_state(self, state: FormState) -> None:
        """Show other values, without disturbing who is typing; subclasses extend it."""
        self.state = state

    def sift(self, words: list[str]) -> None:
        """Show only what fits all these words, in lower case; a page of few fields stays whole."""

    def editor_of(self, name: str) -> QWidget | None:
        """The editor of an option (canonical name), of ``hosts``, ``user``, ``database`` or of a secret."""
        raise NotImplementedError

    def show_field(self, name: str) -> bool:
        """Put the cursor into the editor of a field; False when this page has none."""
        editor = self.editor_of(name)
        if editor is None:
            return False
        go_to(editor)
        return True

    def change(self, section: str, **changes: object) -> None:
        """Tell that some fields of a section have other values now."""
        value = msgspec.structs.replace(getattr(self.state.profile, section), **changes)
        self.edited.emit(section, value)
