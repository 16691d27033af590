from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from mindkit.api import Column, Encoder
from mindkit_basics.encoders.caching import cached
from mindkit_basics.encoders.projection import ending
from mindkit_basics.encoders.readouts import masked_mean
from mindkit_basics.encoders.word_vectors import Key, look_up, vector_width

TOKEN = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)?|[0-9]+|[^\sA-Za-z0-9]")
UNKNOWN: dict[str, Key] = {"text": "\ufffd", "tokens": -1}  # these are never looked up


class Glove(Encoder):
    """Average the vectors of words, from a file of GloVe or word2vec vectors.

    Shapes: x (B, L, F), mask (B, L) -> (B, D), (B, L, D).

    The text encoder of the field before BERT (Pennington et al. 2014). The vectors stay as they
    are; their mean over the tokens goes through Linear -> ReLU -> LayerNorm, as in `bert`. The
    second output is the projected sequence, zero where padded. Tokens are words of Latin letters,
    with their apostrophe, numbers, and any other character by itself. One without a vector is a
    step of zeros; the column's provenance says how many have one. Stored tokens are indices into
    the file's order, from 0, and -1 has no vector.

    vectors: path of the file: text as word2vec or GloVe write it, or .npz with words and vectors.
    lower: whether words are looked up in lower case, as the lists of GloVe 6B have them.
    dropout: probability of zeroing an entry of a vector before it is projected, 0 to 1.
    output: Linear -> ReLU -> LayerNorm, or a linear layer alone.
    """

    accepts = ("text", "tokens")
    sequential = True

    def __init__(
        self,
        width: int,
        *,
        vectors: str = "",
        lower: bool = True,
        dropout: float = 0.0,
        output: Literal["projection", "linear"] = "projection",
    ) -> None:
        super().__init__()
        if not vectors:
            raise ValueError("vectors is not set; name a file of word vectors")
        self.path, self.lower = Path(vectors).expanduser(), lower
        self.dropout = nn.Dropout(dropout)
        self.projection = ending(output, vector_width(self.path), width)

    def prepare(self, column: Column, cache: Path | None) -> Column:
        """Return the vectors (L, F) of each text's tokens, or of its indices.

        The vectors of the words at hand are kept in `cache` under a hash of words and file.
        """
        if isinstance(column.values, Tensor):
            assert column.offsets is not None
            tokens: list[Key] = column.values.tolist()
            offsets = column.offsets
        else:
            texts = [self._tokens(text) for text in column.values]
            tokens = [token for text in texts for token in text]
            offsets = torch.tensor([0, *accumulate(len(text) for text in texts)])
        values, share = self._vectors(tokens, UNKNOWN[column.kind], cache)
        provenance = f"vectors of {self.path.name}, for {share:.1%} of the tokens"
        return Column("sequence", values, offsets, provenance)

    def unknown(self, kind: str) -> tuple[str | int, tuple[int, ...]]:
        """Return the token that has no vector; none is special."""
        return UNKNOWN[kind], ()

    def words_of_tokens(self, column: Column) -> Column:
        """Return the place of each token's word in its text."""
        return Column.of_tokens([self._words(str(text)) for text in column.values])

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        sequence = self.projection(self.dropout(x)).masked_fill(~mask.unsqueeze(2), 0)
        return self.projection(self.dropout(masked_mean(x, mask))), sequence

    def _tokens(self, text: str) -> list[str]:
        found = TOKEN.findall(self._cased(text))
        return found or [str(UNKNOWN["text"])]  # a sample has at least one step

    def _words(self, text: str) -> list[int]:
        text = self._cased(text)
        starts = [match.start() for match in re.finditer(r"\S+", text)]
        return [bisect_right(starts, m.start()) - 1 for m in TOKEN.finditer(text)] or [-1]

    def _cased(self, text: str) -> str:
        return text.lower() if self.lower else text

    def _vectors(
        self, tokens: Sequence[Key], unknown: Key, cache: Path | None
    ) -> tuple[Tensor, float]:
        """The vectors (n, F) of n tokens, and the share of them that have one."""
        wanted = sorted(set(tokens) - {unknown})  # type: ignore[type-var]
        found = cached(cache, ("glove", wanted, self._digest), lambda: look_up(self.path, wanted))
        row = dict(zip(wanted, found["row"].tolist(), strict=True))
        rows = torch.tensor([row.get(token, -1) for token in tokens])
        given = sum(token != unknown for token in tokens)
        share = int((rows >= 0).sum()) / max(given, 1)
        vectors = found["vectors"]
        table = torch.cat([vectors.new_zeros(1, vectors.shape[1]), vectors])
        return table[rows + 1], share

    @cached_property
    def _digest(self) -> str:
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
