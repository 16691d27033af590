"""One pass over a feature, in blocks of a few megabytes, for all that is said of its values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mindkit.data.padding import real_steps
from mindkit.data.raw import Array, Feature
from mindkit.errors import DataError

BLOCK = 1 << 22  # bytes: what fits a cache is fetched from memory once
LARGEST = np.float64(np.finfo(np.float32).max)  # more becomes infinite when kept as float32


@dataclass
class Scan:
    """What stands in one feature of N samples of width F.

    lengths: (N,) real steps; words of a text, 1 for vectors. blank: (N,) no value differs from 0.
    nan, infinite: (N,) such values in each sample. low, high: (F,) least and greatest finite value
    of the real steps (inf and -inf where there is none), () for text. keys: (N,) equal for equal
    samples. sides: which ends, "leading" and "trailing", hold padding. dtype: as stored.
    """

    lengths: Array
    blank: Array
    nan: Array
    infinite: Array
    keys: Array
    low: Array = field(default_factory=lambda: np.zeros(0))
    high: Array = field(default_factory=lambda: np.zeros(0))
    sides: set[str] = field(default_factory=set[str])
    dtype: str = ""

    @classmethod
    def of_nothing(cls, count: int) -> Scan:
        """A scan of `count` samples that have not been looked at."""
        lengths, nan, infinite, keys = (np.zeros(count, np.int64) for _ in range(4))
        return cls(lengths, np.ones(count, bool), nan, infinite, keys)

    @property
    def bad(self) -> Array:
        """(N,) values in each sample that are NaN or infinite."""
        return self.nan + self.infinite


@dataclass(frozen=True)
class Block:
    """The real steps (S, F) of the samples `rows`, and how many each of them has: (n,)."""

    rows: slice
    values: Array
    lengths: Array
    sides: frozenset[str] = frozenset()

    @property
    def sample(self) -> Array:
        """(S,) the sample of each step, counted within the block."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)


@np.errstate(over="ignore", invalid="ignore")  # damaged bytes may be NaN that warn when read
def scan(feature: Feature) -> Scan:
    """Look at every value of `feature` once; raises DataError where a sample is no array."""
    found = Scan.of_nothing(len(feature))
    if feature.kind == "text":
        _scan_text(feature, found)
        return found
    for block in _blocks(feature):
        width = block.values.shape[1]
        if not found.dtype and width:
            found.dtype = str(block.values.dtype)
            found.low, found.high = np.full(width, np.inf), np.full(width, -np.inf)
        found.lengths[block.rows] = block.lengths
        found.sides |= block.sides
        _add_values(block, found)
        _add_content(block, found)
    if feature.kind == "padded" and feature.lengths is None:
        found.lengths[found.blank] = 0  # nothing but zeros: no step is known to be real
    elif feature.kind == "padded":
        found.lengths[np.asarray(feature.lengths).reshape(-1) <= 0] = 0
    return found


def steps_of(feature: Feature, sample: int) -> Array:
    """The real steps (n, F) of one sample."""
    one = slice(sample, sample + 1)
    lengths = None if feature.lengths is None else np.asarray(feature.lengths)[one]
    part = Feature(feature.kind, feature.values[one], lengths)
    return next(_blocks(part)).values


def _scan_text(feature: Feature, found: Scan) -> None:
    found.dtype = "str"
    for sample, text in enumerate(feature.values):
        if not isinstance(text, str) or not _is_unicode(text):
            raise DataError(
                f"sample {sample} of '{feature.array}' is no text that UTF-8 can write "
                f"({text!r:.40})"
            )
    found.lengths[:] = [len(text.split()) for text in feature.values]
    found.blank[:] = found.lengths == 0
    found.keys[:] = [hash(text) for text in feature.values]


def _is_unicode(text: str) -> bool:
    """False for half a surrogate pair, which Python can hold and UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _add_values(block: Block, found: Scan) -> None:
    values = block.values
    if not len(values):
        return
    low, high = values.min(0), values.max(0)  # NaN where there is one: one look for clean blocks
    if not (low >= -LARGEST).all() or not (high <= LARGEST).all():
        nan = np.isnan(values)
        bad = nan | (np.abs(values) > LARGEST)
        infinite = bad & ~nan
        for count, where in ((found.nan, nan), (found.infinite, infinite)):
            count[block.rows] += np.bincount(
                block.sample, where.sum(1), minlength=len(block.lengths)
            ).astype(np.int64)
        low, high = np.where(bad, np.inf, values).min(0), np.where(bad, -np.inf, values).max(0)
    np.minimum(found.low, low, out=found.low)
    np.maximum(found.high, high, out=found.high)


def _add_content(block: Block, found: Scan) -> None:
    """Blank samples, and keys from the first and the middle step of the others."""
    count, some = len(block.lengths), block.lengths > 0
    filled = np.bincount(block.sample, (block.values != 0).any(1), minlength=count) > 0
    found.blank[block.rows] = ~filled
    starts = (block.lengths.cumsum() - block.lengths)[some]
    first = block.values[starts].astype(np.float32)
    middle = block.values[starts + block.lengths[some] // 2].astype(np.float32)
    lengths = block.lengths[some].tolist()
    keys = np.zeros(count, np.int64)
    keys[some] = [
        hash((n, a.tobytes(), b.tobytes())) for n, a, b in zip(lengths, first, middle, strict=True)
    ]
    found.keys[block.rows] = keys


def _blocks(feature: Feature) -> Iterator[Block]:
    if feature.kind in ("padded", "vector"):
        yield from _blocks_of_array(feature)
    else:
        yield from _blocks_of_samples(feature)


def _blocks_of_array(feature: Feature) -> Iterator[Block]:
    values = np.asarray(feature.values)
    dims = 3 if feature.kind == "padded" else 2
    if values.ndim != dims or values.dtype.kind not in "fiub" or 0 in values.shape[1:]:
        raise DataError(
            f"array '{feature.array}' is {values.dtype} {values.shape}; numbers "
            f"{'(N, L, F)' if dims == 3 else '(N, F)'} are needed"
        )
    size = max(1, BLOCK // max(1, values[:1].nbytes))
    for start in range(0, len(values), size):
        rows = slice(start, min(start + size, len(values)))
        chunk = _plain(values[rows])
        if dims == 2:
            yield Block(rows, chunk, np.ones(len(chunk), np.int64))
            continue
        said = None if feature.lengths is None else np.asarray(feature.lengths).reshape(-1)[rows]
        first, last = real_steps(chunk, said)
        steps = np.arange(chunk.shape[1])
        real = (steps >= first[:, None]) & (steps < last[:, None])
        filled = (chunk != 0).any((1, 2))
        sides = {"leading": first > 0, "trailing": last < chunk.shape[1]}
        yield Block(
            rows,
            chunk[real],
            last - first,
            frozenset(side for side, there in sides.items() if (there & filled).any()),
        )


def _blocks_of_samples(feature: Feature) -> Iterator[Block]:
    gathered: list[Array] = []
    lengths: list[int] = []
    size = width = 0
    for sample, item in enumerate(feature.values):
        values = _steps(feature, sample, item)
        if len(values) and width and values.shape[1] != width:
            raise DataError(
                f"sample {sample} of '{feature.array}' is {values.shape[1]} wide, but those before "
                f"it are {width}"
            )
        width = width or values.shape[1]
        lengths.append(len(values))
        gathered += [values] if len(values) else []
        size += values.nbytes
        if size >= BLOCK or sample + 1 == len(feature):
            steps = np.concatenate(gathered) if gathered else np.zeros((0, width), np.float32)
            rows = slice(sample + 1 - len(lengths), sample + 1)
            yield Block(rows, _plain(steps), np.array(lengths))
            gathered, lengths, size = [], [], 0


def _steps(feature: Feature, sample: int, item: Any) -> Array:
    """One sample (n, F) of a ragged feature; token ids are one wide."""
    values = np.asarray(item)
    dims = 1 if feature.kind == "tokens" else 2
    hollow = len(values) and 0 in values.shape[1:] if values.ndim else False
    if values.ndim != dims or values.dtype.kind not in "fiub" or hollow:
        raise DataError(
            f"sample {sample} of '{feature.array}' is {values.dtype} {values.shape}; numbers "
            f"{'(n,)' if dims == 1 else '(n, F)'} are needed"
        )
    return values[:, None] if dims == 1 else values


def _plain(values: Array) -> Array:
    """The values in this machine's byte order and in order of the axes, which is read faster."""
    native = values.dtype.newbyteorder("=")
    return np.ascontiguousarray(values, dtype=np.uint8 if native.kind == "b" else native)
