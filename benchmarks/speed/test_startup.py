"""How long `mindkit --help` takes, beside a process that imports click and pluggy only.

No number of seconds is asserted, since machines differ; the ratio within one run is.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

HELP = [sys.executable, "-c", "from mindkit.cli import main; main()", "--help"]
FLOOR = [sys.executable, "-c", "import click, pluggy"]


def call(command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def test_help(benchmark):
    benchmark.pedantic(call, args=(HELP,), rounds=5, warmup_rounds=1)


def test_help_takes_less_than_two_and_a_half_times_as_long_as_its_imports():
    seconds = {"help": [], "floor": []}
    for round_number in range(8):  # in turn, so that a busy machine slows both
        for name, command in (("help", HELP), ("floor", FLOOR)):
            began = time.perf_counter()
            call(command)
            if round_number:  # the first fills the caches
                seconds[name].append(time.perf_counter() - began)
    ratio = statistics.median(seconds["help"]) / statistics.median(seconds["floor"])
    print(f"mindkit --help: {ratio:.2f} times as long as importing click and pluggy")
    assert ratio < 2.5
