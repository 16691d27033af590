"""From what a person asks for to an executor."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import yaml

from mindkit.errors import MindkitError, did_you_mean
from mindkit.study.executors.in_process import Executor, InProcess
from mindkit.study.executors.processes import Processes
from mindkit.study.executors.ray_cluster import RayCluster
from mindkit.study.executors.slurm import Slurm
from mindkit.study.jobs import Worker

EXECUTORS = {
    "in-process": InProcess,
    "processes": Processes,
    "ray": RayCluster,
    "slurm": Slurm,
}
KINDS: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "str": (str,)}


def make_executor(
    name: str,
    worker: Worker,
    *,
    workers: int | None = None,
    devices: Sequence[str] = (),
    settings: Sequence[str] = (),
) -> Executor:
    """Return the executor called `name`: in-process, processes, ray or slurm.

    workers: runs at a time. devices: of worker processes. settings: what else the executor takes,
    each "key=value"; Slurm takes the parameters of submitit's executor too. Raises `MindkitError`
    for what the executor does not know.
    """
    if name not in EXECUTORS:
        raise MindkitError(f"--executor {name}: no such executor{did_you_mean(name, [*EXECUTORS])}")
    known = dict(inspect.signature(EXECUTORS[name]).parameters)
    given: dict[str, Any] = {}
    for option, value in (("workers", workers), ("devices", tuple(devices))):
        if not value:
            continue
        if option not in known:
            able = ", ".join(n for n, e in EXECUTORS.items() if option in _options(e))
            raise MindkitError(f"--{option} means nothing to --executor {name}, but to: {able}")
        given[option] = value
    own = [n for n in known if n not in ("worker", "workers", "devices", "parameters")]
    for key, value in map(_parsed, settings):
        if key in own:
            given[key] = _checked(key, value, str(known[key].annotation))
        elif "parameters" in known:
            given.setdefault("parameters", {})[key] = value
        else:
            hint = did_you_mean(key, own)
            raise MindkitError(f"--executor-set {key}: --executor {name} has no such option{hint}")
    return EXECUTORS[name](worker, **given)


def _options(executor: type) -> list[str]:
    return list(inspect.signature(executor).parameters)


def _parsed(setting: str) -> tuple[str, Any]:
    key, equals, value = setting.partition("=")
    if not key or not equals or not value:
        raise MindkitError(f"--executor-set {setting}: write it as key=value, such as threads=2")
    try:
        return key.strip(), yaml.safe_load(value)
    except yaml.YAMLError:
        return key.strip(), value


def _checked(key: str, value: Any, annotation: str) -> Any:
    kind = annotation.removesuffix(" | None")
    if isinstance(value, bool) or not isinstance(value, KINDS[kind]):
        raise MindkitError(f"--executor-set {key}={value}: it takes one {kind}")
    if isinstance(value, int | float) and value <= 0:
        raise MindkitError(f"--executor-set {key}={value}: it has to be above 0")
    return value
