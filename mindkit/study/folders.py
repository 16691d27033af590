"""What a run's folder says of its run, finished or not; read without torch."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from filelock import FileLock, Timeout

from mindkit.config.source import scalar
from mindkit.errors import MindkitError
from mindkit.train.locking import FOLDER as LOCKS

CONFIG, ENVIRONMENT, METRICS = "config.yaml", "environment.json", "metrics.json"
ERROR = "error.txt"
PRUNED = "pruned.txt"  # of a trial that a search gave up: it is not to be resumed
STATE = "checkpoint/state.json"

Status = Literal["finished", "interrupted", "failed", "pruned", "running", "damaged"]


@dataclass(frozen=True)
class Setting:
    """One value of a config, and where it was written."""

    value: Any
    origin: str = ""


def is_run(folder: Path) -> bool:
    """Return True for the folder of a run, in whatever state."""
    return any((folder / name).is_file() for name in (METRICS, ENVIRONMENT, ERROR))


def find_runs(root: Path) -> Iterator[Path]:
    """Yield the folders of all runs under `root`, at any depth, by name; or `root` itself."""
    if not root.is_dir():
        raise MindkitError(f"no folder {root}; name the one that --out was given")
    if is_run(root):
        yield root
        return
    for child in sorted(root.iterdir()):
        if child.is_dir() and not child.is_symlink() and not child.name.startswith("."):
            yield from find_runs(child)


def status_of(folder: Path) -> Status:
    """Return what became of the run in `folder`."""
    if (
        folder / METRICS
    ).is_file():  # the last file of a run, and the first to go when it is redone
        return "finished"
    if _held(folder):
        return "running"
    if (folder / PRUNED).is_file():
        return "pruned"
    return "failed" if (folder / ERROR).is_file() else "interrupted"


def require_run(folder: Path) -> None:
    """Raise an error that says what to do where `folder` is not the folder of a run."""
    if not folder.is_dir():
        raise MindkitError(f"no folder {folder}; `mindkit runs` lists the runs there are")
    if not is_run(folder):
        raise MindkitError(f"{folder} holds no run; `mindkit runs {folder}` lists those below it")


def require_finished(folder: Path) -> None:
    """Raise an error that says what to do where `folder` holds no finished run."""
    require_run(folder)
    if (folder / METRICS).is_file():
        return
    if status_of(folder) == "failed":
        error = read_text(folder / ERROR).strip()
        raise MindkitError(
            f"{folder} holds a run that failed; mend this and make it again:\n{error}"
        )
    if status_of(folder) == "pruned":
        raise MindkitError(
            f"{folder} holds a trial that its search gave up: {read_text(folder / PRUNED).strip()}"
        )
    raise MindkitError(
        f"{folder} holds no finished run (no {METRICS}); `mindkit run … --resume` finishes one "
        "that was interrupted"
    )


def read_record(path: Path) -> dict[str, Any]:
    """Return what `metrics.json` or `environment.json` holds."""
    try:
        record = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise damaged(path, str(error)) from None
    if not isinstance(record, dict):
        raise damaged(path, "no map of names to values")
    return record


def scores_of(saved: dict[str, float | None]) -> dict[str, float]:
    """Return scores as `metrics.json` holds them, NaN for those that were undefined."""
    return {name: math.nan if value is None else value for name, value in saved.items()}


def read_settings(folder: Path) -> dict[str, Setting]:
    """Return the run's resolved config: dotted path -> value, as `config.yaml` has them by line."""
    path = folder / CONFIG
    try:
        return settings_of(read_text(path))
    except yaml.YAMLError as error:
        raise damaged(path, " ".join(str(error).split())) from None


def settings_of(text: str) -> dict[str, Setting]:
    """Return the settings in the text of a config as `mindkit.config.load.dump` writes it."""
    # libyaml's parser where there is one: it is much faster, and runs come by the thousand
    tree = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    lines = text.splitlines()
    return {place: Setting(_plain(node), _comment(node, lines)) for place, node in _lines(tree, "")}


def read_text(path: Path) -> str:
    """Return the text of a file of a run."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise MindkitError(f"{path} is missing; --fresh makes the run again") from None
    except UnicodeDecodeError as error:
        raise damaged(path, str(error)) from None


def damaged(path: Path, what: str) -> MindkitError:
    """Return the error for a file that is not as a run writes it."""
    return MindkitError(f"{path} is damaged ({what}); --fresh makes the run again")


def _held(folder: Path) -> bool:
    """Whether a process is making the run."""
    path = folder.parent / LOCKS / f"{folder.name}.lock"
    if not path.is_file():
        return False
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True
    except (OSError, NotImplementedError):  # a file system without locks
        return False


def _lines(node: yaml.Node | None, place: str) -> Iterator[tuple[str, yaml.Node]]:
    """Yield the values that have a line of their own: scalars, and what is in flow style."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style:
        for key, value in node.value:
            yield from _lines(value, f"{place}.{key.value}" if place else key.value)
    elif isinstance(node, yaml.SequenceNode) and not node.flow_style:
        for number, value in enumerate(node.value):
            yield from _lines(value, f"{place}[{number}]")
    elif node is not None:
        yield place, node


def _plain(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {key.value: _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(value) for value in node.value]
    assert isinstance(node, yaml.ScalarNode)
    return node.value if node.style else scalar(node.value)


def _comment(node: yaml.Node, lines: list[str]) -> str:
    return lines[node.end_mark.line][node.end_mark.column :].strip().removeprefix("# ")
