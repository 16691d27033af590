from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mindkit.api import MindkitError, Tracker


class Tensorboard(Tracker):
    """Write losses, scores and the learning rate by epoch for TensorBoard, in the run's folder.

    Look at them with `tensorboard --logdir runs`. Needs the package tensorboard. On resuming, what
    was written from the resumed epoch on is hidden.
    """

    def start(self, folder: Path, config: Mapping[str, Any]) -> None:
        self.folder = folder / "tensorboard"
        self.writer: Any = None  # made at the first record: only that tells the resumed epoch
        try:
            import tensorboard  # noqa: F401  # type: ignore[import-not-found]
        except ImportError:
            raise MindkitError(
                "the tracker 'tensorboard' needs a package that is not installed: "
                "pip install tensorboard, or take it out of training.trackers"
            ) from None

    def log(self, record: Mapping[str, Any]) -> None:
        if self.writer is None:
            from torch.utils.tensorboard import SummaryWriter

            self.writer = SummaryWriter(str(self.folder), purge_step=record["epoch"])
        for name, value in _scalars(record):
            self.writer.add_scalar(name, value, record["epoch"])
        self.writer.flush()

    def finish(self, metrics: Mapping[str, Any]) -> None:
        if self.writer is None:
            return
        for name, value in _scalars({"test": metrics["test"]}):
            self.writer.add_scalar(name, value, metrics["epoch"])
        self.writer.close()


def _scalars(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Numbers of a nested record under names such as "valid/mae"."""
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from _scalars(value, f"{prefix}{name}/")
        elif isinstance(value, int | float) and prefix + name not in ("epoch", "step"):
            yield prefix + name, float(value)
