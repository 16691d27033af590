"""How long `mindkit --help` takes, beside what no command line with plugins can do without.

That is importing click and pluggy and looking for entry points, which takes the longer the more
packages are installed. No number of seconds is asserted, since machines differ; the ratio within
one run is.
"""

from __future__ import annotations

import subprocess
import sys
import time

HELP = [sys.executable, "-c", "from mindkit.cli import main; main()", "--help"]
FOUND = "from importlib.metadata import entry_points; entry_points(group='mindkit.plugins')"
FLOOR = [sys.executable, "-c", f"import click, pluggy; {FOUND}"]
BARE = [sys.executable, "-c", "import click, pluggy"]


def call(command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def test_help(benchmark):
    benchmark.pedantic(call, args=(HELP,), rounds=5, warmup_rounds=1)


def test_help_takes_at_most_1_6_times_as_long_as_it_must():
    commands = {"help": HELP, "floor": FLOOR, "bare": BARE}
    seconds = {name: [] for name in commands}
    for round_number in range(11):  # in turn, so that a busy machine slows all
        for name, command in commands.items():
            began = time.perf_counter()
            call(command)
            if round_number:  # the first fills the caches
                seconds[name].append(time.perf_counter() - began)
    least = {name: min(times) for name, times in seconds.items()}  # the least disturbed of each
    print(
        f"mindkit --help: {least['help'] / least['floor']:.2f} times as long as importing click "
        f"and pluggy and finding entry points, {least['help'] / least['bare']:.2f} times as long "
        "as the imports alone"
    )
    assert least["help"] < 1.6 * least["floor"]
