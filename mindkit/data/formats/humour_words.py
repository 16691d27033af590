"""The words of UR-FUNNY: sentences in version 2, indices into a GloVe list in both versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

import numpy as np

from mindkit.data.formats.pickled import (
    as_integers,
    as_steps,
    by_key,
    described,
    steps_in,
    text_of,
)
from mindkit.data.raw import Array, Feature
from mindkit.data.source import Source
from mindkit.errors import DataError, did_you_mean

LANGUAGE = {1: "word_embedding_indexes_sdk.pkl", 2: "language_sdk.pkl"}  # by version
INDEXES, CONTEXT_INDEXES = "punchline_embedding_indexes", "context_embedding_indexes"
SENTENCE, CONTEXT = "punchline_sentence", "context_sentences"
USED = (INDEXES, CONTEXT_INDEXES, SENTENCE, CONTEXT)
WORD_LIST, VECTOR_LIST = "word_list.pkl", "word_embedding_list.pkl"


@dataclass
class Words:
    """What the language file says of each item, and the lists that its indices point into.

    words: index -> word, vectors: index -> GloVe vector (V, F); only that which `text` is made of.
    lists: the files they come from. notes: sentences about what had to be done without.
    """

    file: str
    entries: dict[str, Any]
    sentences: bool
    words: list[str] | None = None
    vectors: Array | None = None
    lists: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])

    def count(self, key: str) -> int:
        """The number of words of a punchline."""
        return steps_in(entry_of(self.entries, key, INDEXES, self.file), self._place(key, INDEXES))

    def features(self, keys: Sequence[str]) -> dict[str, Feature]:
        """Columns `text`, `context` and `text_glove` of these items, as far as they can be made."""
        indices = [self._indices(key) for key in keys]
        made = {"text_glove": Feature("tokens", indices, array=f"{self.file}: {INDEXES}")}
        if self.sentences:
            made["text"] = self._text([self._strings(key, SENTENCE) for key in keys], SENTENCE)
            made["context"] = self._text([self._strings(key, CONTEXT) for key in keys], CONTEXT)
        elif self.words is not None:
            context = [self._context_indices(key) for key in keys]
            made["text"] = self._text([self._spelt(found) for found in indices], INDEXES)
            made["context"] = self._text([self._spelt(found) for found in context], CONTEXT_INDEXES)
        elif self.vectors is not None:
            vectors = Vectors(self.vectors, indices)
            made["text"] = Feature("ragged", vectors, None, VECTOR_LIST, "GloVe vectors of words")
        return made

    def _place(self, key: str, name: str) -> str:
        return f"{self.file}: {name} of {key}"

    def _text(self, strings: list[str], name: str) -> Feature:
        return Feature("text", strings, array=f"{self.file}: {name}")

    def _strings(self, key: str, name: str) -> str:
        """The sentence of an item, or its sentences joined by blanks."""
        found = entry_of(self.entries, key, name, self.file)
        sentences = found if isinstance(found, list | tuple) else [found]
        if not all(isinstance(sentence, str | bytes) for sentence in sentences):
            raise DataError(f"{self._place(key, name)} is {described(found)}; text is needed")
        return " ".join(map(text_of, sentences))

    def _spelt(self, indices: Array) -> str:
        assert self.words is not None
        return " ".join(self.words[index] for index in indices.tolist())

    def _context_indices(self, key: str) -> Array:
        """The indices of all sentences of the context, one after the other."""
        found = entry_of(self.entries, key, CONTEXT_INDEXES, self.file)
        steps_in(found, self._place(key, CONTEXT_INDEXES))  # a list of sentences
        parts = [self._known(sentence, key, CONTEXT_INDEXES) for sentence in found]
        return np.concatenate([np.zeros(0, np.int64), *parts])

    def _indices(self, key: str) -> Array:
        return self._known(entry_of(self.entries, key, INDEXES, self.file), key, INDEXES)

    def _known(self, value: Any, key: str, name: str) -> Array:
        """Indices (n,) that the list of words or vectors has."""
        indices = as_integers(value, self._place(key, name))
        table = self.words if self.words is not None else self.vectors
        if table is not None and len(indices) and indices.max() >= len(table):
            raise DataError(
                f"{self._place(key, name)} names word {indices.max()}, but {self.lists[0]} has "
                f"{len(table)}; take {self.lists[0]} from the copy that {self.file} is from"
            )
        return indices


class Vectors(Sequence[Array]):
    """The vectors (n, F) of N lists of indices into `table` (V, F), looked up when asked for."""

    def __init__(self, table: Array, indices: Sequence[Array]) -> None:
        self._table, self._indices = table, indices

    def __len__(self) -> int:
        return len(self._indices)

    @overload
    def __getitem__(self, index: int) -> Array: ...
    @overload
    def __getitem__(self, index: slice) -> Vectors: ...
    def __getitem__(self, index: int | slice) -> Array | Vectors:
        if isinstance(index, slice):
            return Vectors(self._table, self._indices[index])
        return self._table[self._indices[index]]


def read_words(source: Source, version: int) -> Words | None:
    """Return the words of a folder, or None if it has no language file of that version."""
    file = LANGUAGE.get(version, "")
    if not file or not source.has(file):
        return None
    words = Words(file, by_key(source.unpickle(file), file), sentences=version == 2)
    if words.sentences:
        return words
    listed = next((name for name in (WORD_LIST, VECTOR_LIST) if source.has(name)), None)
    if listed is None:
        words.notes.append(
            f"neither {WORD_LIST} nor {VECTOR_LIST} is there, so there is no `text`: `text_glove` "
            f"holds the indices of the words"
        )
        return words
    words.lists.append(listed)
    if listed == WORD_LIST:
        words.words = [text_of(word) for word in _by_index(source.unpickle(listed), listed)]
        return words
    words.vectors = as_steps(_by_index(source.unpickle(listed), listed), listed)
    words.notes.append(
        f"{WORD_LIST} is not there, so the words are not known: `text` is their GloVe vectors, "
        f"from {VECTOR_LIST}"
    )
    return words


def entry_of(entries: Mapping[str, Any], key: str, name: str, file: str) -> Any:
    """Return what `file` holds under `name` for the item `key`, or raise naming both."""
    entry = entries[key]
    if not isinstance(entry, dict):
        raise DataError(f"{file}: item {key} is {described(entry)}; a dict with {name} is needed")
    if name not in entry:
        hint = did_you_mean(name, [text_of(other) for other in entry])
        raise DataError(f"{file}: item {key} has no {name}{hint}")
    return entry[name]


def _by_index(value: Any, file: str) -> Any:
    """A list, which may be stored as a dict by index."""
    if isinstance(value, dict):
        missing = next((i for i in range(len(value)) if i not in value), None)
        if missing is not None:
            raise DataError(f"{file} has no entry {missing}; all from 0 on are needed")
        return [value[i] for i in range(len(value))]
    steps_in(value, file)
    return value
