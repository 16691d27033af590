"""Where imported data and caches live: `MINDKIT_HOME`, or the user's data folder."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "MINDKIT_HOME"


def home_folder(home: Path | str | None = None) -> Path:
    """Return `home` if given, else $MINDKIT_HOME, else the user's data folder for mindkit."""
    chosen = home or os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    return platformdirs.user_data_path("mindkit")


def data_folder(home: Path | str | None = None) -> Path:
    """Return the folder that holds one folder per imported data set."""
    return home_folder(home) / "data"


def cache_folder(home: Path | str | None = None) -> Path:
    """Return the folder for results that can be computed again, such as frozen text vectors."""
    return home_folder(home) / "cache"
