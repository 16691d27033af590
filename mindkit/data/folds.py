"""Folds by video: reading them from a table, and refusing data that contradict them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mindkit.data.formats.named_arrays import read_table
from mindkit.data.raw import ALIASES, SPLITS, Raw
from mindkit.errors import DataError, did_you_mean


def read_folds(path: Path) -> dict[str, str]:
    """Return video -> split from a table with the columns video_id and split."""
    table = read_table(path)
    folds: dict[str, str] = {}
    videos, cells = table.strings("video_id"), table.strings("split")
    if len(videos) != len(cells):
        raise DataError(f"{path.name} has {len(videos)} videos, but {len(cells)} splits")
    for row, (video, cell) in enumerate(zip(videos, cells, strict=True)):
        split = ALIASES.get(cell, cell)
        if split not in SPLITS:
            hint = did_you_mean(cell, SPLITS)
            raise DataError(f"{path.name}: split '{cell}' in row {row} is none{hint}")
        if folds.setdefault(video, split) != split:
            raise DataError(
                f"{path.name}: video '{video}' is in {folds[video]}, and in row {row} in {split}; "
                f"a video belongs to one split"
            )
    return folds


def refuse_other_folds(raw: Raw, folds: Mapping[str, str]) -> None:
    """Raise where the file has splits of its own that are not those of the `folds`."""
    for split in SPLITS:
        part = raw.parts.get(split)
        if part is None:
            continue
        if part.videos is None:
            raise DataError(
                f"{raw.name} does not say from which videos its samples are, so folds cannot be "
                f"applied; leave --folds out, or say which column does with --column video_id=NAME"
            )
        for video in part.videos:
            if folds.get(video) != split:
                place = folds.get(video, "no split")
                raise DataError(
                    f"{raw.name} has splits of its own: video '{video}' is in {split}, but the "
                    f"folds have it in {place}; leave --folds out, or leave a table's own splits "
                    f"out with --column split="
                )
