"""One pickle of triples, as MAG-BERT and MInD read MOSI: a dict of train, dev and test."""

from __future__ import annotations

from typing import Any

from mindkit.data.formats.split_arrays import by_split
from mindkit.data.formats.triple import is_triple
from mindkit.data.formats.triples import read_triples
from mindkit.data.raw import SPLITS, Raw, Request
from mindkit.data.source import Source

TITLE = "pickle of triples: train, dev and test, lists of ((words, visual, acoustic), label, id)"


def recognises(source: Source) -> bool:
    """True for a dict one of whose splits is a list that starts with a triple."""
    data = None if source.is_folder else source.unpickle()
    if not isinstance(data, dict):
        return False
    found = by_split(data, source.path.name)
    return any(_starts_with_a_triple(found.get(split)) for split in SPLITS)


def read(source: Source, request: Request) -> Raw:
    """Read all samples of three lists; `triples` says which are dropped and what is refused."""
    lists = by_split(source.unpickle(), source.path.name)
    raw = read_triples("triple_file", source, lists, request)
    raw.unused += [name for name in lists if name not in SPLITS]
    return raw


def _starts_with_a_triple(items: Any) -> bool:
    return isinstance(items, list | tuple) and bool(items) and is_triple(items[0])
