"""Token ids as research files hold them: a block of ids, mask and segment ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import numpy as np

from mindkit.data.formats.pickled import described
from mindkit.data.raw import Array
from mindkit.errors import DataError


class Tokens(Sequence[Array]):
    """The ids (n,) int64 of N samples, out of (N, 3, L): ids, mask and segments, ints or floats."""

    def __init__(self, values: Any, place: str) -> None:
        right = isinstance(values, np.ndarray) and values.dtype.kind in "fiub"
        if not right or values.ndim != 3 or values.shape[1] != 3 or not values.shape[2]:
            raise DataError(
                f"{place} is {described(values)}; (N, 3, L) of token ids, mask and segment ids are "
                f"needed"
            )
        ids, self._mask = values[:, 0], values[:, 1] != 0
        whole = (ids >= 0) & (ids < 2**31) & (np.floor(ids) == ids)
        if not whole.all():
            item, step = np.argwhere(~whole)[0]
            raise DataError(f"{place}, item {item} holds {ids[item, step]}, which is no token id")
        self._ids = ids
        self.steps = values.shape[2]
        self.lengths = self._mask.sum(axis=1)

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, index: int) -> Array: ...
    @overload
    def __getitem__(self, index: slice) -> list[Array]: ...
    def __getitem__(self, index: int | slice) -> Array | list[Array]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        return self._ids[index][self._mask[index]].astype(np.int64)
