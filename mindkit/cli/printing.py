"""Pages and JSON on standard output, for commands that show what is there."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

WIDTH_OF_FILES = 160  # columns of output that goes to a file or a pipe


def page() -> Console:
    """Return a console that takes text as it is, and is wide where there is no terminal."""
    console = Console(highlight=False, markup=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDTH_OF_FILES
    return console


def say_stamps(console: Console, stamps: Iterable[str]) -> None:
    """Print what must be said beside numbers."""
    for stamp in stamps:
        console.print(stamp, style="bold yellow", soft_wrap=True)


def print_json(value: Any) -> None:
    """Print records and plain values as one JSON value; what is not a number becomes null."""
    click.echo(json.dumps(_plain(value), indent=1, allow_nan=False))


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return None if isinstance(value, float) and not math.isfinite(value) else value
