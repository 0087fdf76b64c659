"""Run commands of nengo-fa in full, and keep what the page of results shows of them.

``python docs/results/make.py NAME...`` runs the commands of these results, as a user has
them, and writes ``NAME.json``: quartiles over trials, or all trials where these are few
numbers, the claims, the configurations, versions, machine and time. ``NAME.txt`` is the same
in words. All results and figures of a command stay in ``--folder``, each in a folder of its
name; a run that was interrupted goes on from there. With ``--collect`` nothing is run: of what
is in these folders, all trials are kept that are complete. Without a name, all texts are
written again from what is there; ``mnist_1000.json`` is written by the script of the same
name in ``benchmarks``, and ``online_digits.json`` and ``online_mnist.json`` by
``benchmarks/online_digits.py``.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from nengo_fa import cli
from nengo_fa.experiments import (
    arm,
    banded,
    classification,
    depth,
    error_populations,
    hebbian,
    homeostasis,
    multiplication,
    products,
    pyramidal,
    recurrent,
    timescales,
)
from nengo_fa.experiments.sweep import claims, provenance, store, summary
from nengo_fa.experiments.sweep.zarr_files import DESCRIPTION, FINISHED

HERE = Path(__file__).parent

#: How many digits of numbers are kept.
DIGITS = 4

#: A pause that is longer than so many parts of a run was an interruption.
PAUSE = 10


@dataclass(frozen=True)
class Kept:
    """What is kept of a store: the variables that figures need, and how.

    Parameters
    ----------
    title : str
        What the store is, where one result has several.
    variables : tuple of str, optional
        By default all.
    each_trial : bool, optional
        As for `nengo_fa.experiments.sweep.summary.summarize`.
    has_claims : bool, optional
        Whether claims are held against it.
    """

    title: str = ""
    variables: tuple = None
    each_trial: bool = False
    has_claims: bool = True


@dataclass(frozen=True)
class Result:
    """A command, the module of its experiment, and what is kept of each store."""

    command: str
    experiment: ModuleType
    stores: dict


def _with_turns(command, experiment, name):
    """Return the result of a command that compares turns in two ways."""
    stores = {
        name: Kept("One turn for all six"),
        "turns": Kept(has_claims=False),
        "own_turns": Kept("For each its own turn"),
    }
    return Result(command, experiment, stores)


EACH_TRIAL, CLAIMS_ALONE = Kept(each_trial=True), Kept(variables=())
RESULTS = {
    "multiplication-rate": _with_turns("multiplication", multiplication, "figure5"),
    "multiplication-spiking": _with_turns(
        "multiplication --neurons spiking --trials 10", multiplication, "figure5"
    ),
    "mnist-rate": _with_turns("mnist", classification, "figure6"),
    "mnist-spiking": _with_turns(
        "mnist --neurons spiking --trials 3 --epochs 10", classification, "figure6"
    ),
    "banded": Result("banded", banded, {"learning": Kept(variables=("test_error",))}),
    "depth": Result(
        "depth",
        depth,
        {
            "learning_rates": Kept(
                variables=("rmse",), each_trial=True, has_claims=False
            ),
            "depth": EACH_TRIAL,
        },
    ),
    "pyramidal": Result("pyramidal", pyramidal, {"pyramidal": EACH_TRIAL}),
    "homeostasis-multiplication": Result(
        "homeostasis multiplication", homeostasis, {"homeostasis": CLAIMS_ALONE}
    ),
    "homeostasis-online": Result(
        "homeostasis online", homeostasis, {"homeostasis": CLAIMS_ALONE}
    ),
    "hebbian": Result("hebbian", hebbian, {"hebbian": CLAIMS_ALONE}),
    "timescales": Result("timescales", timescales, {"timescales": EACH_TRIAL}),
    "error-populations": Result(
        "error-populations", error_populations, {"error_populations": EACH_TRIAL}
    ),
    "arm": Result("arm", arm, {"arm": EACH_TRIAL}),
    "products": Result("products", products, {"products": EACH_TRIAL}),
    "recurrent": Result("recurrent", recurrent, {"recurrent": EACH_TRIAL}),
}


def run(name, folder, workers):
    """Run the command of a result."""
    arguments = RESULTS[name].command.split()
    options = ["--folder", str(folder / name), "--workers", str(workers)]
    if cli.main([*arguments, *options]) != 0:
        raise SystemExit(f"nengo-fa {RESULTS[name].command} has failed")


def collect(name, folder, workers):
    """Return what is kept of a result: of its stores, all trials that are complete."""
    result = RESULTS[name]
    paths = {one: folder / name / f"{one}.zarr" for one in result.stores}
    stores = {}
    for one, kept in result.stores.items():
        data = store.read_dataset(paths[one]) if paths[one].exists() else None
        finished = None if data is None else store.select_finished(data)
        if finished is None or not finished.sizes["trial"]:
            continue
        stores[one] = {
            **summary.summarize(finished, kept.variables, kept.each_trial, DIGITS),
            "n_asked": data.sizes["trial"],
        }
        if kept.has_claims and not kept.each_trial:  # quartiles are not enough for them
            findings = describe_findings(finished, result.experiment)
            stores[one]["findings"] = findings
    return {
        "command": ["nengo-fa", *result.command.split()],
        "machine": provenance.get_machine(),
        "workers": workers,
        "seconds": round(sum(measure_time(paths[one]) for one in stores)),
        "stores": stores,
    }


def describe_findings(data, experiment):
    """Return the report of an experiment, if it has one, and its claims, as texts."""
    is_tested = data.sizes["trial"] >= claims.N_TRIALS
    report = [experiment.report(data)] if hasattr(experiment, "report") else []
    return report + [
        claim.tabulate(is_tested) for claim in experiment.check_claims(data)
    ]


def measure_time(path):
    """Return how long it took to fill a store, without interruptions, in seconds.

    It is measured between the times at which the store and its parts were written.
    """
    files = [file for file in path.rglob("*") if file.is_file()]
    parts = [
        file
        for file in files
        if path / FINISHED in file.parents and file.name != DESCRIPTION
    ]
    start = min(file.stat().st_mtime for file in files)
    gaps = np.diff(sorted([start, *(file.stat().st_mtime for file in parts)]))
    return float(gaps[gaps <= PAUSE * np.median(gaps)].sum())


def describe(name, result):
    """Return a result in words."""
    if isinstance(result, list):
        return _describe_list(result)
    stores = result["stores"]
    versions = next(iter(stores.values()))["versions"]
    processes = _count(result["workers"], "process", "es")
    lines = [
        f"$ {' '.join(result['command'])}",
        *_describe_machine(result["machine"], versions),
        f"{_describe_time(result['seconds'])} in {processes}",
    ]
    for one, its in stores.items():
        if RESULTS[name].stores[one].has_claims:
            lines += _describe_store(its, RESULTS[name], one)
    return "\n".join(lines) + "\n"


def _describe_list(runs):
    is_online = "errors" in runs[0]["results"]
    return describe_online(runs) if is_online else describe_runs(runs)


def _describe_store(its, result, name):
    """Return the lines about a store that claims are held against."""
    title = ", ".join(filter(None, [result.stores[name].title, _count_trials(its)]))
    lines = ["", title, "=" * len(title)]
    lines += _describe_turn(its["configuration"].get("turn"))
    findings = its.get("findings")
    if findings is None:
        findings = describe_findings(summary.restore(its), result.experiment)
    for text in findings:
        lines += ["", text]
    return lines


def describe_runs(runs):
    """Return a table of what ``benchmarks/mnist_1000.py`` has printed."""
    lines = _describe_machine(runs[0]["machine"], runs[0]["versions"])
    lines += [
        "",
        f"{'':29}learning{'':12}batch{'':33}error in %",
        f"{'rule, normalization':33}rate     decay   size        reg  epochs    images"
        f"{'rates':>8}{'spikes':>8}",
    ]
    for run in runs:
        its, found = run["configuration"], run["results"]
        lines.append(
            f"{its['rule'] + ', ' + its['normalization']:29}{its['learning_rate']:8g}"
            f"{its['decay']:10g}{its['batch_size']:7}{its['regularization']:11g}"
            f"{its['epochs']:8}"
            f"{'held out' if its['held_out'] else 'test':>10}"
            f"{found['error_rates']:8.2f}{found['error_spikes']:8.2f}"
        )
    return "\n".join(lines) + "\n"


def describe_online(runs):
    """Return a table of what ``benchmarks/online_digits.py`` has printed."""
    rules = list(runs[0]["results"]["errors"])
    lines = [
        *_describe_machine(runs[0]["machine"], runs[0]["versions"]),
        f"{runs[0]['configuration']['dataset']}, shown to spiking neurons",
        "",
        f"{'':30}learning rate{'':28}error in %",
        f"{'neurons':16}{'passes':>6}{'of':>7}{'encoders':>10}{'decoders':>10}"
        f"{'samples':>10}{'seed':>6}" + "".join(f"{rule:>20}" for rule in rules),
    ]
    for run in runs:
        its, errors = run["configuration"], run["results"]["errors"]
        lines.append(
            f"{its['n_neurons']:<5}{its['neurons']:11}{its['passes']:6}"
            f"{its['digits'] or 'all':>7}{its['learning_rate']:10g}"
            f"{its['decoder_rate']:10g}{'held out' if its['held_out'] else 'test':>10}"
            f"{its['seed']:6}" + "".join(f"{errors[rule]:20.2f}" for rule in rules)
        )
    return "\n".join(lines) + "\n"


def _count(n, noun, ending):
    return f"{n} {noun}" if n == 1 else f"{n} {noun}{ending}"


def _describe_machine(machine, versions):
    words = ", ".join(f"{name} {version}" for name, version in versions.items())
    return [machine, words]


def _describe_time(seconds):
    minutes = seconds / 60
    return f"{minutes:.0f} minutes" if minutes < 100 else f"{minutes / 60:.1f} hours"


def _count_trials(its):
    n_trials, n_asked = its["n_trials"], its["n_asked"]
    if n_trials < n_asked:
        return f"the first {n_trials} of {n_asked} trials"
    return f"{n_trials} trials"


def _describe_turn(turn):
    if turn is None:
        return []
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
    parser.add_argument("--collect", action="store_true")
    options = parser.parse_args()
    unknown = set(options.names) - set(RESULTS)
    if unknown:
        parser.error(f"{min(unknown)} is not one of {', '.join(RESULTS)}")
    for name in options.names:
        if not options.collect:
            run(name, options.folder, options.workers)
        found = collect(name, options.folder, options.workers)
        (HERE / f"{name}.json").write_text(json.dumps(found) + "\n")
    for path in HERE.glob("*.json"):
        result = json.loads(path.read_text())
        path.with_suffix(".txt").write_text(describe(path.stem, result))


if __name__ == "__main__":
    main()
