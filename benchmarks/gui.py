"""A model in Nengo GUI, in a real browser: simulated time over time, and memory.

Nengo GUI holds a model back to real time, so that 1.0 is as fast as it gets, but for the
first seconds. Memory is what the process of Nengo GUI holds, and the heap of the page.
Runs on Linux.
"""

import argparse
import re
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "tests" / "gui"))

try:
    from browser import open_browser, open_gui
except ImportError as error:
    raise SystemExit("Install selenium: pip install '.[test]'") from error


HEAP = "return window.performance.memory.usedJSHeapSize"


def memory(gui):
    """Resident memory of Nengo GUI, and the heap of the page, in MB."""
    status = Path(f"/proc/{gui.process.pid}/status").read_text()
    resident = int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])
    # what is still in use, and not what has not been collected yet
    gui.browser.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
    return resident / 1000, gui.browser.execute_script(HEAP) / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "model", type=Path, help="Python file, with its layout beside it"
    )
    parser.add_argument("--seconds", type=float, default=60, help="of simulated time")
    parser.add_argument("--every", type=float, default=10, help="seconds between rows")
    options = parser.parse_args()

    with open_browser() as browser, open_gui(browser, options.model) as gui:
        gui.play()
        # building, and what the first steps load, is no part of it
        gui.wait(lambda: gui.time >= 1, "the first second")
        start = last = gui.time, time.perf_counter()
        print(
            f"{'simulated s':>12}{'simulated/wall':>16}{'server MB':>12}{'page MB':>10}"
        )
        while last[0] < start[0] + options.seconds:
            end = last[0] + options.every
            gui.wait(
                lambda end=end: gui.time >= end or gui.state == "error", f"{end} s"
            )
            if gui.state == "error":
                raise SystemExit(gui.console_error)
            now = gui.time, time.perf_counter()
            speed = (now[0] - last[0]) / (now[1] - last[1])
            server, page = memory(gui)
            print(f"{now[0]:12.1f}{speed:16.2f}{server:12.1f}{page:10.1f}", flush=True)
            last = now
        speed = (last[0] - start[0]) / (last[1] - start[1])
        print(f"all in all, simulated/wall = {speed:.2f}")


if __name__ == "__main__":
    main()
