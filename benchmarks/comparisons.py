"""How benchmarks that compare networks write their tables."""

import argparse
import csv


def write_table(description, header, labels, compare, n_networks=8):
    """Write rows of labels, and of what ``compare`` finds for them and for the seeds."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("file", help="for the table, a .csv")
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
