"""Where the processor time of the engine process goes while the pipeline runs as fast as it does: samples of its stacks, by package and by function.

Needs py-spy (a development dependency) and the right to look into another process (root, or a parent). On a busy machine the samples gather where a
thread waits for a processor, which is mostly at its system calls: look at the table by function on a quiet one.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.report import Section
from tests.benchmarks.rig import cpu, ours, programs
from tests.benchmarks.rig.programs import Load
from tests.benchmarks.rig.servers import Servers

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = 100
"""Looks a second."""

LEAD = 3.0
"""Seconds of load before the first look."""

TOP = 25

REDUCED = {"seconds": 8.0, "window": 400}

_OURS = (
    ("processes/kernel/codec", "codec"),
    ("processes/packing", "codec"),
    ("processes/messaging/json_text", "json"),
    ("processes/messaging", "contracts"),
    ("processes/kernel", "kernel"),
    ("processes/notation", "notation"),
    ("processes/runtime", "runtime"),
    ("processes/store", "store"),
    ("processes/casework", "casework"),
    ("workers/bus", "bus"),
)
"""Path → group; the first that fits."""

_FRAME = re.compile(r"(?P<function>.*) \((?P<file>[^()]*?)(:\d+)?\)")


@dataclass(frozen=True)
class Frame:
    """A function, and the group of packages it belongs to."""

    function: str
    group: str

    @classmethod
    def read(cls, text: str) -> Frame:
        """As py-spy writes it: ``function (file:line)``."""
        match = _FRAME.fullmatch(text)
        if match is None:
            return cls(text, "other")
        return cls(f"{match['function']} ({_short(match['file'])})", _group(match["file"]))


def _group(file: str) -> str:
    _, installed, rest = file.partition("/site-packages/")
    if installed:
        return rest.split("/")[0].removesuffix(".py")
    own = file.removeprefix(f"{ROOT}/")
    if own == file:
        return "json" if "/json/" in file else "standard library"
    return next((group for path, group in _OURS if own.startswith(path)), "app")


def _short(file: str) -> str:
    return file.partition("/site-packages/")[2] or "/".join(file.removeprefix(f"{ROOT}/").split("/")[-3:])


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command line's options."""
    parser.add_argument("--seconds", type=float, default=30.0, help="of looking")
    parser.add_argument("--window", type=int, default=2000, help="instances under way")


def run(options: argparse.Namespace) -> list[Section]:
    """Load an engine, look into it, and tell."""
    looker = shutil.which("py-spy") or shutil.which("py-spy", path=str(Path(sys.executable).parent))
    if looker is None:
        return [Section("Profile of the engine", ["skipped: py-spy is not installed"], [])]
    with Servers() as servers:
        place = servers.place("profile")
        ours.prepare(place)
        engine, worker = programs.engine(place, servers.folder), programs.worker(place, servers.folder)
        load = Load(place, servers.folder)
        load.warm_up()
        generator = load.begin(LEAD + options.seconds, window=options.window)
        programs.until(generator.began + LEAD)
        out = servers.folder / "stacks"
        command = [looker, "record", "--pid", str(engine.pid), "--duration", str(max(round(options.seconds), 1))]
        command += [
            "--rate",
            str(SAMPLES),
            "--format",
            "raw",
            "--full-filenames",
            "--threads",
            "--gil",
            "--output",
            str(out),
        ]
        looked = subprocess.run(command, capture_output=True, text=True, check=False)
        per_second, kernel = load.end(generator).per_second, cpu.in_kernel(engine.pid)
        for program in (worker, engine):
            program.stop()
        if looked.returncode:
            return [
                Section("Profile of the engine", [f"skipped: py-spy may not look ({looked.stderr.strip()[-200:]})"], [])
            ]
        stacks = _read(out.read_text("utf-8", "replace"))
    return _sections(stacks, per_second, kernel)


Stack = tuple[str, Sequence[Frame], int]
"""thread, frames from the outside in, how often it was seen"""


def _read(text: str) -> list[Stack]:
    found = []
    for line in text.splitlines():
        frames, _, seen = line.rpartition(" ")
        thread, *stack = frames.split(";")
        found.append((_thread(thread), [Frame.read(each) for each in stack], int(seen)))
    return found


def _thread(text: str) -> str:
    """``thread (0x7F…): name``; pools number their threads."""
    return re.sub(r"-\d+$", "", text.partition(": ")[2] or text)


def _sections(stacks: Sequence[Stack], per_second: float, kernel: float) -> list[Section]:
    total = sum(seen for _, _, seen in stacks) or 1
    own, within, functions, threads = Counter[str](), Counter[str](), Counter[Frame](), Counter[str]()
    for thread, frames, seen in stacks:
        threads[thread] += seen
        if frames:
            functions[frames[-1]] += seen
            own[frames[-1].group] += seen
        for group in {frame.group for frame in frames}:
            within[group] += seen

    def percent(seen: int) -> str:
        return f"{seen / total * 100:.1f} %"

    return [
        Section(
            "The engine's processor time, by package",
            ["", "in its own code", "with what it calls"],
            [
                [group, percent(own[group]), percent(seen)]
                for group, seen in within.most_common()
                if seen / total >= 0.01
            ],
            f"{total:,} samples of threads that hold the interpreter, at {per_second:.0f} cases a second. C extensions count as the function that "
            f"calls them; what the kernel does for the process ({kernel:.0%} of its processor time) is not in the samples.",
        ),
        Section(
            "The engine's processor time, by thread",
            ["", "share"],
            [[name, percent(seen)] for name, seen in threads.most_common(10)],
        ),
        Section(
            "The engine's processor time, by function",
            ["", "package", "share"],
            [[frame.function, frame.group, percent(seen)] for frame, seen in functions.most_common(TOP)],
        ),
    ]
