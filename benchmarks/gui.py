"""Speed and memory of models in Nengo GUI with a real browser.

Speed is simulated time divided by real time. Nengo GUI limits it to 1.0, except in the first
seconds. Memory is measured for the process of Nengo GUI, and for the heap of the page. The
script runs on Linux.
"""

import argparse
import csv
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
    """Return the resident memory of Nengo GUI, and the heap of the page, in MB."""
    status = Path(f"/proc/{gui.process.pid}/status").read_text()
    resident = int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])
    # collect garbage first, so that only memory in use counts
    gui.browser.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
    return resident / 1000, gui.browser.execute_script(HEAP) / 1e6


def watch(model, seconds, every):
    """Print the speed and the memory of a model; return its row of the table."""
    print(model)
    with open_browser() as browser, open_gui(browser, model) as gui:
        gui.play()
        # the build and the first steps do not count
        gui.wait(lambda: gui.time >= 1, "the first second")
        start = last = gui.time, time.perf_counter()
        print(
            f"{'simulated s':>12}{'simulated/wall':>16}{'server MB':>12}{'page MB':>10}"
        )
        while last[0] < start[0] + seconds:
            end = last[0] + every
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
    print(f"over the whole run, simulated/wall = {speed:.2f}")
    return f"models/{model.name}", f"{speed:.2f}", f"{server:.0f}", f"{page:.0f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "model",
        type=Path,
        nargs="+",
        help="Python file of a model, with its layout in the same folder",
    )
    parser.add_argument("--seconds", type=float, default=60, help="simulated seconds")
    parser.add_argument("--every", type=float, default=10, help="seconds between rows")
    parser.add_argument(
        "--table", type=Path, help="file for a table of all models, a .csv"
    )
    options = parser.parse_args()

    rows = [watch(model, options.seconds, options.every) for model in options.model]
    if options.table is not None:
        with options.table.open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(
                ["model", "simulated over real time", "Nengo GUI, MB", "page, MB"]
            )
            table.writerows(rows)


if __name__ == "__main__":
    main()
