"""Tables of benchmarks that compare networks."""

import argparse
import csv

import numpy as np

#: Seeds of the networks by which parameters are chosen; none of them is in a table.
OTHER_SEEDS = 100, 101, 102


def choose(candidates, find_errors):
    """Return the candidate for which other networks have the lowest median error.

    ``find_errors`` takes a candidate and seeds, and returns an error for each seed.
    """
    return min(candidates, key=lambda one: np.median(find_errors(one, OTHER_SEEDS)))


def write_table(description, header, labels, compare, n_networks=8):
    """Write rows of labels, with the numbers that ``compare`` returns for them."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("file", help="file for the table, a .csv")
    parser.add_argument("--networks", type=int, default=n_networks, metavar="N")
    options = parser.parse_args()
    with open(options.file, "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(header.split(";"))
        for names in labels:
            row = [*names, *compare(*names, range(options.networks))]
            table.writerow(row)
            file.flush()
            print(*row, flush=True)
