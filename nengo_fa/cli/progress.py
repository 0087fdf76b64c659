"""Progress for output that is not a terminal: a few whole lines."""

import sys
from contextlib import contextmanager

from nengo.rc import rc
from nengo.utils.progress import ProgressBar


class Lines(ProgressBar):
    """A line for each tenth, instead of a bar that is redrawn."""

    def __init__(self):
        self._tenths = 0

    def update(self, progress):
        tenths = int(10 * progress.progress)
        if tenths > self._tenths:
            self._tenths = tenths
            print(f"{progress.name_during}: {10 * tenths} %", flush=True)


@contextmanager
def in_lines_unless_terminal():
    """Show progress with `Lines` outside of a terminal, unless the user has chosen a bar."""
    before = rc.get("progress", "progress_bar")
    if sys.stdout.isatty() or before != "auto":
        yield
        return
    rc.set("progress", "progress_bar", f"{__name__}.Lines")
    try:
        yield
    finally:
        rc.set("progress", "progress_bar", before)
