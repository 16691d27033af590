"""From a table and its roles to a checked store; every fault is named with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from mindkit.data.formats.table import Table
from mindkit.data.roles import modalities_of
from mindkit.data.rows import SPLITS, Rows
from mindkit.data.store import Split, Store
from mindkit.data.targets import read_targets
from mindkit.errors import DataError
from mindkit.kinds import Dataset


@dataclass(frozen=True)
class Assembled:
    """The store, `notes` on what was done to the data on the way, and the `roles` of the arrays."""

    store: Store
    notes: list[str]
    roles: Mapping[str, str]


def assemble(
    table: Table,
    roles: Mapping[str, str],
    dataset: type[Dataset],
    name: str,
    *,
    splits: Mapping[str, str] | None = None,
    nan: str = "error",
) -> Assembled:
    """Return the rows of `table` as a store of the kind that `dataset` describes.

    splits: split -> the value that stands for it in the split column. Rows whose cell there is
    empty belong to no split and are left out. nan: "error", or "zero" to set NaN and infinite
    features to 0.
    """
    if nan not in ("error", "zero"):
        raise DataError(f"nan is '{nan}', but must be error or zero")
    labels = table.array(roles["label"])
    work = Rows(table, roles, len(labels), nan)
    split_of = work.splits(splits)
    work.kept = np.array([split != "" for split in split_of], dtype=bool)
    work.read_ids()
    target = read_targets(work, labels, dataset)
    columns = {m: work.column(m, array) for m, array in modalities_of(roles).items()}
    work.note_left_out()
    whole = Split(work.ids, columns, torch.from_numpy(target))
    members = np.array(split_of)[work.kept]
    parts = {s: whole.take(torch.from_numpy(np.flatnonzero(members == s))) for s in SPLITS}
    _note_sizes(work.notes, parts, dataset)
    store = Store(
        name,
        parts,
        dataset.task,  # type: ignore[arg-type]
        dataset.num_outputs,
        dataset.label_range,
        dataset.classes,
        source=table.path.name,
        split_column=roles["split"],
    )
    return Assembled(store.with_digest(), work.notes, roles)


def _note_sizes(notes: list[str], parts: Mapping[str, Split], dataset: type[Dataset]) -> None:
    found = {split: len(part) for split, part in parts.items()}
    if dataset.splits and found != dict(dataset.splits):
        usual = "/".join(str(dataset.splits[split]) for split in SPLITS)
        notes.append(f"{'/'.join(map(str, found.values()))} samples, where {usual} are usual")
