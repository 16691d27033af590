"""How much memory there is, and how much of it a process has needed."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

import torch

CONTEXT = 600e6  # bytes that CUDA holds on a GPU for each process, beside its tensors
_CGROUP = Path("/sys/fs/cgroup")


def free_memory() -> int:
    """Return the bytes that new processes may take: of the machine, or what a container may use.

    Where the system does not say what is free, it is all memory there is.
    """
    free = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    free = _field(Path("/proc/meminfo"), "MemAvailable:", 1024) or free
    try:
        limit = int((_CGROUP / "memory.max").read_text())
        used = int((_CGROUP / "memory.current").read_text())
    except (OSError, ValueError):  # no container, or one without a limit
        return free
    return min(free, limit - used + _field(_CGROUP / "memory.stat", "inactive_file", 1))


def peak_memory(pid: int | None = None) -> int:
    """Return the most that a process, by default this one, has held at once, in bytes.

    It is 0 where that cannot be told of another process.
    """
    # getrusage would count what the parent held when it started this process.
    if peak := _field(Path(f"/proc/{pid or 'self'}/status"), "VmHWM:", 1024):
        return peak
    if pid is not None:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def room_on_device(device: str | None) -> int | None:
    """Return how many processes like this one fit on its GPU in all; None where there is none."""
    if not torch.cuda.is_initialized() or device == "cpu":
        return None
    place = torch.device(device or "cuda")
    free, _ = torch.cuda.mem_get_info(place)
    return 1 + int(free // (torch.cuda.max_memory_reserved(place) + CONTEXT))


def _field(file: Path, name: str, unit: int) -> int:
    """The number after `name` in a file of the kernel's, 0 without one."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * unit for line in lines if line.startswith(name)), 0)
