import json

import numpy as np
import pytest

from nengo_fa import plots
from nengo_fa.experiments.multiplication import MultiplicationExperiment
from nengo_fa.experiments.sweep.executors import open_executor
from nengo_fa.experiments.sweep.run import run_trials
from nengo_fa.experiments.sweep.summary import PERCENTILES, restore, summarize


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    experiment = MultiplicationExperiment(
        n_trials=6, epochs=3, n_samples=50, n_neurons=8
    )
    with open_executor(1) as executor:
        path = tmp_path_factory.mktemp("summary") / "a.zarr"
        return run_trials(experiment, path, executor, progress_bar=False)


def test_quartiles_survive(data):
    """Quartiles survive a file in all conditions, to the given number of digits."""
    summary = json.loads(json.dumps(summarize(data, digits=4)))
    assert summary["n_trials"] == 6
    assert summary["configuration"]["experiment"] == "multiplication"
    assert "numpy" in summary["versions"]
    restored = restore(summary)
    for name in data.data_vars:
        expected, found = (
            np.percentile(its[name].transpose("trial", ...), PERCENTILES, axis=0)
            for its in (data, restored.transpose(*data.rmse.dims))
        )
        np.testing.assert_allclose(found, expected, rtol=6e-4)
        assert not np.allclose(found, expected, rtol=1e-7)


def test_figure_counts_the_trials_that_were_summarized(data):
    figures = [plots.learning_curves(its) for its in (data, restore(summarize(data)))]
    medians = [
        [line.get_ydata() for axes in figure.axes for line in axes.lines]
        for figure in figures
    ]
    np.testing.assert_allclose(*map(np.array, medians), rtol=1e-4)
    for figure in figures:
        (legend,) = [axes.get_legend() for axes in figure.axes if axes.get_legend()]
        words = [text.get_text() for text in legend.get_texts()]
        assert "quartiles of 6 trials" in words
