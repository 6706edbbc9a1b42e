"""How each family of drivers prints its view of a deployment: one module per family, all over `brackets`.

A grammar is a function from a text to `View`s; it recognises its own shape and passes over everything else, so that
all are tried on every text: people paste several, and tools wrap them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from clearline.core.explain.grammars import csharp, go_and_rust, java, libmongoc, node, pymongo, ruby
from clearline.core.explain.record import View

GRAMMARS: tuple[Callable[[str], Iterator[View]], ...] = (
    pymongo.views,
    node.views,
    java.views,
    go_and_rust.views,
    csharp.views,
    libmongoc.views,
    ruby.views,
)
