"""The provenance of results: the configuration of an experiment and software versions."""

import json
import os
import platform
from importlib.metadata import version
from typing import Any

import nengo
from nengo.rc import rc
from threadpoolctl import threadpool_info

import nengo_fa


def describe(experiment: Any) -> dict[str, Any]:
    """Return attributes with the provenance of results, a dictionary.

    Parameters
    ----------
    experiment : Experiment
        As for `.sweep.run_trials`.
    """
    return {
        "configuration": to_json(get_configuration(experiment)),
        "versions": to_json(get_versions()),
        "seed": experiment.seed,
    }


def get_versions() -> dict[str, str]:
    """Return the versions of the software that computes the results, a dictionary."""
    kernels = {
        f"{info['internal_api']} {info.get('architecture')}"
        for info in threadpool_info()
        if info["user_api"] == "blas"
    }
    return {
        "python": platform.python_version(),
        "nengo": nengo.__version__,
        "nengo_fa": nengo_fa.__version__,
        "numpy": version("numpy"),
        "blas": ", ".join(sorted(kernels)),
    }


def get_machine():
    """Describe the machine in words: its processor, their number, and its system."""
    name = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as file:
            models = [line for line in file if line.startswith("model name")]
        name = models[0].partition(":")[2].strip() if models else name
    return f"{name}, {os.cpu_count()} processors, {platform.system()}"


def get_configuration(experiment):
    return {**experiment.configuration, "bits": int(rc.get("precision", "bits"))}


def to_json(values):
    # numbers and arrays of NumPy are written like Python's
    return json.dumps(values, sort_keys=True, default=lambda value: value.tolist())
