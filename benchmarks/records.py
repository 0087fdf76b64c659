"""Records of benchmarks of accuracy, printed and added to a file."""

import json

from nengo_fa.experiments.sweep.provenance import get_machine, get_versions


def record(configuration, results, output=None):
    """Print results with their provenance; add them to a JSON file, if one is given."""
    found = {
        "configuration": configuration,
        "versions": get_versions(),
        "machine": get_machine(),
        "results": results,
    }
    print(json.dumps(found), flush=True)
    if output is not None:
        runs = json.loads(output.read_text()) if output.exists() else []
        output.write_text(json.dumps([*runs, found], indent=1) + "\n")
