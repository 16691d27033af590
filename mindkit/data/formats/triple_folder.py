"""Three pickles of triples, as MISA, MMIM and MInD read MOSEI and UR-FUNNY."""

from __future__ import annotations

from mindkit.data.formats.triples import read_triples
from mindkit.data.raw import Raw, Request
from mindkit.data.source import Source

TITLE = "folder of triples: train.pkl, dev.pkl and test.pkl, lists of ((words, visual, …), label)"

FILES = {"train": "train.pkl", "valid": "dev.pkl", "test": "test.pkl"}
WORDS = "embedding_and_mapping.pt"  # GloVe vectors, and a dict that needs the code that wrote it


def recognises(source: Source) -> bool:
    """True for a folder with the three pickles, whatever is in them."""
    return source.has(*FILES.values())


def read(source: Source, request: Request) -> Raw:
    """Read all samples of three lists; `triples` says which are dropped and what is refused."""
    lists = {split: source.unpickle(name) for split, name in FILES.items()}
    raw = read_triples("triple_folder", source, lists, request)
    raw.files += [source.file(name) for name in FILES.values()]
    if source.has(WORDS):
        raw.notes.append(f"{WORDS} is not read: what is in it needs the code that wrote it")
    return raw
