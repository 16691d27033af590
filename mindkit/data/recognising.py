"""Which of the known layouts a file or folder has, told from what is in it."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import numpy as np

from mindkit.data.source import Source
from mindkit.errors import DataError

FORMATS = {  # in the order of trial: the narrower layout first
    "folder": "mindkit.data.formats.folder",
    "humour_folder": "mindkit.data.formats.humour_folder",
    "intent_folder": "mindkit.data.formats.intent_folder",
    "triple_folder": "mindkit.data.formats.triple_folder",
    "csd": "mindkit.data.formats.csd",
    "table": "mindkit.data.formats.table",
    "mmsa": "mindkit.data.formats.mmsa",
    "cmu_tensors": "mindkit.data.formats.cmu_tensors",
    "triple_file": "mindkit.data.formats.triple_file",
}
PICKLES = (".pkl", ".pickle", ".p", ".pt", ".pth")
SHOWN = 8  # keys or files that a message lists


def recognise(source: Source) -> tuple[str, ModuleType]:
    """The name of the layout that `source` has, and the module that reads it.

    Raises DataError for a layout that is not known, saying what is in the file.
    """
    try:
        for name, path in FORMATS.items():
            module = importlib.import_module(path)
            if module.recognises(source):
                return name, module
        told = f"{source.path} has no layout that is known; it holds {contents(source)}"
    except OSError as error:
        raise DataError(f"{source.path} cannot be read: {error}") from None
    except DataError as error:
        if source.is_folder or source.path.suffix.lower() in PICKLES:
            raise
        told = f"{source.path} has no layout that is known; it is no pickle either: {error}"
    raise DataError("\n  ".join([f"{told}; known are:", *titles()]))


def titles() -> list[str]:
    """What the known layouts are called, in words."""
    return [importlib.import_module(path).TITLE for path in FORMATS.values()]


def contents(source: Source) -> str:
    """What is in a folder, or at the top of a pickle, in words."""
    if source.is_folder:
        names = sorted(path.name for path in source.path.iterdir())
        return _listed(names) or "no file"
    return outline(source.unpickle())


def outline(data: Any) -> str:
    """What plain data are made of: "a dict with train (list), test (list)"."""
    if isinstance(data, dict):
        inner = _listed([f"{key} ({_kind(value)})" for key, value in data.items()])
        return f"a dict with {inner}" if inner else "an empty dict"
    if isinstance(data, (list, tuple)) and data:
        return f"a {type(data).__name__} of {len(data)}, the first {_kind(data[0])}"
    return _kind(data)


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"array {value.dtype} {value.shape}"
    if isinstance(value, (dict, list, tuple)):
        return f"{type(value).__name__} of {len(value)}"
    return type(value).__name__


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
