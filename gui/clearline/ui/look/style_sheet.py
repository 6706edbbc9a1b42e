"""The style sheet that both palettes share.

Every tooltip of the program is plain text by it: Qt takes one that looks like HTML for HTML, and HTML names files and
network paths that it then opens; hosts, certificates and answers of servers stand in tooltips as they came. Qt polishes
the label of its tooltips before that gets its first text, so the format is set in time.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from clearline.paths import resource
from clearline.ui.look.palette import PROFILE_COLOURS, tinted

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from clearline.ui.look.palette import Colours

_SHEET = """
QMainWindow, QDialog {{ background: {window}; }}
QToolTip {{
    background: {raised}; color: {text}; border: 1px solid {line_strong}; padding: 4px 6px;
    qproperty-textFormat: PlainText;
}}

QLineEdit, QComboBox, QPlainTextEdit, QTextBrowser {{
    background: {base}; color: {text}; border: 1px solid {outline}; border-radius: 5px;
    selection-background-color: {selection}; selection-color: {text};
}}
QLineEdit {{ padding: 4px 7px; }}
QLineEdit, QPlainTextEdit {{ placeholder-text-color: {muted}; }}
QComboBox {{ padding: 4px 7px; }}
QComboBox::drop-down {{ border: none; width: 20px; }}
QComboBox::down-arrow {{ image: url("{down_icon}"); width: 12px; height: 12px; }}
QComboBox QAbstractItemView {{ background: {raised}; border: 1px solid {line_strong}; outline: none; }}
QLineEdit:focus, QComboBox:focus, QPlainTextEdit:focus, QTextBrowser:focus {{ border-color: {accent}; }}
QLineEdit[mistake="failure"] {{ border-color: {failed}; }}
QLineEdit[mistake="warning"] {{ border-color: {warning}; }}
QLineEdit#connectionString {{ padding: 8px 8px; }}
QLineEdit#profileName {{ background: transparent; border-color: transparent; padding: 2px 7px; }}
QLineEdit#profileName:hover {{ border-color: {line_strong}; }}
QLineEdit#profileName:focus {{ background: {base}; border-color: {accent}; }}

QAbstractSpinBox {{
    background: {base}; color: {text}; border: 1px solid {outline}; border-radius: 5px; padding: 3px 0px;
    min-height: 20px; selection-background-color: {selection}; selection-color: {text};
}}
QAbstractSpinBox:focus {{ border-color: {accent}; }}
QAbstractSpinBox::up-button {{ subcontrol-position: top right; width: 22px; border: none; }}
QAbstractSpinBox::down-button {{ subcontrol-position: bottom right; width: 22px; border: none; }}
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover {{ background: {hover}; }}
QAbstractSpinBox::up-arrow {{ image: url("{raise_icon}"); width: 11px; height: 11px; }}
QAbstractSpinBox::down-arrow {{ image: url("{down_icon}"); width: 11px; height: 11px; }}
QDialogButtonBox {{ button-layout: 3; dialogbuttonbox-buttons-have-icons: 0; }}

QCheckBox {{ spacing: 7px; }}
QCheckBox::indicator {{
    width: 14px; height: 14px; background: {base}; border: 1px solid {outline}; border-radius: 3px;
}}
QCheckBox::indicator:hover, QCheckBox::indicator:focus {{ border-color: {accent}; }}
QCheckBox::indicator:checked {{ background: {accent}; border-color: {accent}; image: url("{check_icon}"); }}
QCheckBox::indicator:checked:focus {{ border-color: {text}; }}
QCheckBox:disabled {{ color: {muted}; }}
QRadioButton {{ spacing: 7px; }}
QRadioButton::indicator {{
    width: 12px; height: 12px; background: {base}; border: 1px solid {outline}; border-radius: 7px;
}}
QRadioButton::indicator:hover, QRadioButton::indicator:focus {{ border-color: {accent}; }}
QRadioButton::indicator:checked {{
    width: 6px; height: 6px; background: {base}; border: 4px solid {accent}; border-radius: 7px;
}}
QRadioButton:disabled {{ color: {muted}; }}

QPushButton {{
    background: {raised}; color: {text}; border: 1px solid {line_strong}; border-radius: 5px; padding: 4px 11px;
}}
QPushButton:hover {{ background: {hover}; }}
QPushButton:pressed {{ background: {line}; }}
QPushButton:focus {{ border-color: {accent}; }}
QPushButton:disabled {{ color: {muted}; }}
QPushButton#small {{ padding: 2px 10px; }}
QPushButton[tall="true"] {{ padding: 6px 12px; }}
QPushButton#menuButton[tall="true"] {{ padding-right: 24px; }}
QPushButton#bare {{ background: transparent; border-color: transparent; padding: 4px; }}
QPushButton#bare:hover {{ background: {hover}; }}
QPushButton#flat {{ background: transparent; border: 1px solid transparent; color: {accent}; padding: 0px 4px; }}
QPushButton#flat:hover {{ background: {hover}; }}
QPushButton#flat:focus {{ border-color: {accent}; }}
QPushButton#flat[next="true"] {{ background: {accent}; color: {on_accent}; padding: 1px 8px; }}
QPushButton#flat[next="true"]:hover {{ background: {accent_hover}; }}
QPushButton#flat[next="true"]:focus {{ border-color: {text}; }}
QPushButton#toggle:checked {{ background: {selection}; border-color: {selection}; }}
QPushButton#toggle:checked:focus {{ border-color: {accent}; }}
QPushButton#primary {{
    background: {accent}; color: {on_accent}; border-color: {accent}; font-weight: 600; padding: 6px 16px;
}}
QPushButton#primary:hover {{ background: {accent_hover}; }}
QPushButton#primary:focus {{ border: 2px solid {text}; padding: 5px 15px; }}
QPushButton#primary:disabled {{ background: {line}; color: {muted}; border-color: {line}; }}
QPushButton#primary[running="true"] {{ background: {raised}; color: {text}; border-color: {line_strong}; }}
QPushButton::menu-indicator {{ image: url("{down_icon}"); width: 11px; height: 11px; right: 5px; }}
QPushButton#menuButton {{ padding-right: 22px; }}

QToolButton {{ background: transparent; border: 1px solid transparent; border-radius: 5px; padding: 4px; }}
QToolButton:hover {{ background: {hover}; }}
QToolButton:pressed {{ background: {line}; }}
QToolButton:checked {{ background: {selection}; border-color: {selection}; }}
QToolButton:focus {{ border-color: {accent}; }}

QTabBar {{ background: transparent; }}
QTabBar::tab {{
    background: transparent; color: {muted}; border: 1px solid transparent; border-bottom: 2px solid transparent;
    padding: 5px 9px 5px 9px; margin-right: 4px;
}}
QTabBar#pages::tab {{ padding: 9px 3px 10px 3px; margin-right: 20px; }}
QTabBar::tab:hover {{ color: {text}; }}
QTabBar::tab:selected {{ color: {text}; border-bottom-color: {accent}; }}
QTabBar::tab:focus {{ border-color: {accent}; border-top-left-radius: 4px; border-top-right-radius: 4px; }}
QTabBar#segments::tab {{
    background: {base}; border: 1px solid {line_strong}; padding: 4px 12px; margin-right: 0px; margin-left: -1px;
}}
QTabBar#segments::tab:first {{ border-top-left-radius: 5px; border-bottom-left-radius: 5px; margin-left: 0px; }}
QTabBar#segments::tab:last {{ border-top-right-radius: 5px; border-bottom-right-radius: 5px; }}
QTabBar#segments::tab:selected {{ background: {selection}; color: {text}; }}
QTabBar#segments::tab:focus {{ border-color: {accent}; }}

QListView, QTableView {{
    background: {base}; color: {text}; border: none; outline: none; gridline-color: {line};
    selection-background-color: {selection}; selection-color: {text}; alternate-background-color: {window};
}}
QDialog QListView, QDialog QTableView {{ border: 1px solid {line_strong}; border-radius: 5px; }}
QTextBrowser[role="page"], QTextBrowser[role="page"]:focus {{ border: none; border-radius: 0; }}
QTextBrowser[pale="true"], QLineEdit[pale="true"] {{ color: {muted}; }}
QDialog QListView {{ padding: 3px 0px; }}
QDialog QListView::item {{ padding: 3px 4px; }}
QDialog QTableView::item {{ padding: 0px 5px; }}
QDialog QListView::indicator, QDialog QTableView::indicator {{
    width: 13px; height: 13px; background: {base}; border: 1px solid {outline}; border-radius: 3px;
}}
QDialog QListView::indicator:checked, QDialog QTableView::indicator:checked {{
    background: {accent}; border-color: {accent}; image: url("{check_icon}");
}}
QComboBox QAbstractItemView {{ border-radius: 0; }}
QComboBox QAbstractItemView::item {{ padding: 1px; }}
QTableView#profiles {{ background: {window}; }}
QHeaderView {{ background: {base}; border: none; }}
QHeaderView::section {{
    background: {base}; color: {muted}; border: none; border-bottom: 1px solid {line}; padding: 4px 8px;
    font-weight: 400;
}}
QTableView QTableCornerButton::section {{ background: {base}; border: none; }}

QScrollArea, QScrollArea > QWidget > QWidget#page {{ background: transparent; border: none; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
QScrollBar::handle {{ background: {line_strong}; border-radius: 3px; margin: 2px; }}
QScrollBar::handle:vertical {{ min-height: 28px; }}
QScrollBar::handle:horizontal {{ min-width: 28px; }}
QScrollBar::handle:hover {{ background: {muted}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QAbstractScrollArea::corner {{ background: transparent; border: none; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}

QSplitter::handle {{ background: {line}; }}
QSplitter::handle:hover {{ background: {accent}; }}
QMenuBar {{ background: {window}; color: {text}; border-bottom: 1px solid {line}; }}
QMenuBar::item {{ padding: 4px 9px; background: transparent; border-radius: 4px; }}
QMenuBar::item:selected {{ background: {hover}; }}
QMenu {{ background: {raised}; color: {text}; border: 1px solid {line_strong}; padding: 4px; }}
QMenu::item {{ padding: 5px 24px 5px 24px; border-radius: 4px; }}
QMenu::item:selected {{ background: {selection}; }}
QMenu::separator {{ height: 1px; background: {line}; margin: 4px 6px; }}

QWidget#sidebar {{ background: {window}; }}
QWidget#surface {{ background: {base}; }}
QLabel[role="muted"] {{ color: {muted}; }}
QLabel[role="section"] {{ color: {muted}; font-weight: 600; }}
QLabel[role="chip"] {{
    background: {neutral_back}; color: {muted}; border: 1px solid {line}; border-radius: 8px; padding: 0px 7px;
}}
QLabel[role="failure"] {{ color: {failed}; }}
QLabel[role="warning"] {{ color: {warning}; }}
QLabel[role="passed"] {{ color: {passed}; }}
QWidget#chrome {{ background: {window}; border-bottom: 1px solid {line}; }}
QWidget#settingsPanel {{ background: {window}; border-left: 1px solid {line_strong}; }}
QFrame#toast {{ background: {raised}; border: 1px solid {outline}; border-radius: 6px; }}
"""


def style_sheet(colours: Colours) -> str:
    """Qt's style sheet in one palette."""
    # A style sheet takes icons only as files: these are drawn in a grey that both palettes bear.
    icons = {f"{name}_icon": resource(f"icons/{name}.svg").as_posix() for name in ("raise", "down", "check")}
    return _SHEET.format(**colours._asdict(), **icons) + "".join(map(partial(_tint, colours), PROFILE_COLOURS))


def _tint(colours: Colours, colour: str) -> str:
    """The chrome of the window while a production profile of this colour is in front."""
    parts = ("QWidget#sidebar", "QTableView#profiles", "QWidget#chrome", "QWidget#settingsPanel", "QMenuBar")
    ground = tinted(colours, colour)
    selectors = ", ".join(f'{part}[tint="{colour}"]' for part in parts)
    band = f'QMenuBar[tint="{colour}"] {{ border-top: 4px solid {PROFILE_COLOURS[colour]}; }}'
    return f"{selectors} {{ background: {ground}; }}\n{band}\n"


def restyle(widget: QWidget, name: str, value: str) -> None:
    """Set a property that the style sheet looks at, and let it look again."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
