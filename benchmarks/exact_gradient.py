"""Keep the results of ``nengo-fa recurrent`` about the exact gradient, for the documentation.

Reads the store ``through_time.zarr``, and writes to a folder ``exact_gradient.json``, with the
quartiles over trials, and ``exact_gradient.txt``, with the medians and the claims.
"""

import argparse
import json
from pathlib import Path

from nengo_fa.experiments.sweep import store, summary
from nengo_fa.experiments.sweep.provenance import get_machine
from nengo_fa.experiments.through_time import check_claims, choose_rates, report


def keep(data, folder):
    """Write both files for the results of `nengo_fa.experiments.through_time.ThroughTime`."""
    kept = summary.summarize(choose_rates(data).assign_attrs(data.attrs))
    (folder / "exact_gradient.json").write_text(json.dumps(kept) + "\n")
    versions = ", ".join(f"{name} {its}" for name, its in kept["versions"].items())
    settings = ", ".join(
        f"{name}: {value}" for name, value in kept["configuration"].items()
    )
    head = f"{kept['n_trials']} trials; {settings}\n{get_machine()}\n{versions}"
    parts = head, report(data), *map(str, check_claims(data))
    (folder / "exact_gradient.txt").write_text("\n\n".join(parts) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path, help="through_time.zarr")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    keep(store.read_dataset(options.store), options.folder)


if __name__ == "__main__":
    main()
