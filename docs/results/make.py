"""Run commands of nengo-fa in full, and keep what the page of results shows of them.

``python docs/results/make.py NAME...`` runs the commands of these results, as a user has
them, and writes ``NAME.json``: the quartiles over trials, the claims, the configurations,
versions, machine and time. ``NAME.txt`` is the same in words. All results and figures of a
command stay in ``--folder``; a run that was interrupted goes on from there, and its time is
that of its last part. Without a name, all texts are written again from what is there;
``mnist_1000.json`` is written by ``benchmarks/mnist_1000.py``.
"""

import argparse
import json
import time
from pathlib import Path

from nengo_fa import cli
from nengo_fa.experiments import classification, multiplication
from nengo_fa.experiments.sweep import provenance, store, summary

HERE = Path(__file__).parent

#: For each result, the command, what checks its claims, and its stores.
COMMANDS = {
    "multiplication-rate": (
        ["multiplication"],
        multiplication.check_claims,
        ("figure5", "turns", "own_turns"),
    ),
    "multiplication-spiking": (
        ["multiplication", "--neurons", "spiking", "--trials", "10"],
        multiplication.check_claims,
        ("figure5", "turns", "own_turns"),
    ),
    "mnist-rate": (
        ["mnist", "--trials", "7", "--epochs", "4", "--turns", "1", "5"],
        classification.check_claims,
        ("figure6", "turns", "own_turns"),
    ),
}

#: What those stores are, in words, that claims are held against.
TITLES = {
    "figure5": "One turn for all six",
    "figure6": "One turn for all six",
    "own_turns": "For each its own turn",
}


def make(name, folder, workers):
    """Run the command of a result, and return what is kept of it."""
    command, *_ = COMMANDS[name]
    options = ["--folder", str(folder / name), "--workers", str(workers)]
    start = time.perf_counter()
    if cli.main([*command, *options]) != 0:
        raise SystemExit(f"nengo-fa {' '.join(command)} has failed")
    return collect(name, folder, workers, time.perf_counter() - start)


def collect(name, folder, workers, seconds):
    """Return what is kept of a result, of as many of its stores as are there."""
    command, check_claims, names = COMMANDS[name]
    paths = {one: folder / name / f"{one}.zarr" for one in names}
    data = {
        one: store.read_dataset(path).drop_vars("finished", errors="ignore")
        for one, path in paths.items()
        if path.exists()
    }
    return {
        "command": ["nengo-fa", *command],
        "machine": provenance.get_machine(),
        "workers": workers,
        "seconds": round(seconds),
        "claims": {
            one: list(map(str, check_claims(data[one])))
            for one in data
            if one in TITLES
        },
        "stores": {one: summary.summarize(data[one]) for one in data},
    }


def describe(result):
    """Return a result in words."""
    if isinstance(result, list):
        return describe_runs(result)
    stores = result["stores"]
    versions = next(iter(stores.values()))["versions"]
    processes = (
        "1 process" if result["workers"] == 1 else f"{result['workers']} processes"
    )
    lines = [
        f"$ {' '.join(result['command'])}",
        *_describe_machine(result["machine"], versions),
        f"{result['seconds'] / 60:.0f} minutes in {processes}",
    ]
    for name, claims in result["claims"].items():
        turn = stores[name]["configuration"]["turn"]
        title = f"{TITLES[name]}, {stores[name]['n_trials']} trials"
        lines += ["", title, "=" * len(title), *_describe_turn(turn)]
        for claim in claims:
            lines += ["", claim]
    return "\n".join(lines) + "\n"


def describe_runs(runs):
    """Return a table of what ``benchmarks/mnist_1000.py`` has printed."""
    lines = _describe_machine(runs[0]["machine"], runs[0]["versions"])
    lines += [
        "",
        f"{'':37}learning  batch                         error in %",
        f"{'rule, normalization':39}rate   size  epochs  images    rates  spikes",
    ]
    for run in runs:
        its, found = run["configuration"], run["results"]
        lines.append(
            f"{its['rule'] + ', ' + its['normalization']:35}{its['learning_rate']:8g}"
            f"{its['batch_size']:7}{its['epochs']:8}"
            f"{'held out' if its['held_out'] else 'test':>10}"
            f"{found['error_rates']:8.2f}{found['error_spikes']:8.2f}"
        )
    return "\n".join(lines) + "\n"


def _describe_machine(machine, versions):
    words = ", ".join(f"{name} {version}" for name, version in versions.items())
    return [machine, words]


def _describe_turn(turn):
    if not isinstance(turn, dict):
        return [f"Turn: {turn:g} rad"]
    return [
        f"Turns with {rule} (rad): "
        + ", ".join(f"{normalization} {its:g}" for normalization, its in turns.items())
        for rule, turns in turn.items()
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--folder", type=Path, default=Path("results", "full"))
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    unknown = set(options.names) - set(COMMANDS)
    if unknown:
        parser.error(f"{min(unknown)} is not one of {', '.join(COMMANDS)}")
    for name in options.names:
        result = make(name, options.folder, options.workers)
        (HERE / f"{name}.json").write_text(json.dumps(result) + "\n")
    for path in HERE.glob("*.json"):
        path.with_suffix(".txt").write_text(describe(json.loads(path.read_text())))


if __name__ == "__main__":
    main()
