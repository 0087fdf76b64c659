"""Data for the figures of the banded task: its samples, and the errors of a neuron."""

import numpy as np
import xarray as xr

from nengo_fa.experiments.banded import (
    SOLVER,
    BandedExperiment,
    make_inputs,
    make_targets,
)
from nengo_fa.experiments.credit import find_taught
from nengo_fa.offline.trainer import Trainer
from nengo_fa.offline.walk_back import find_path
from nengo_fa.rules.teach_chain import VARIANTS


def make_points(experiment: BandedExperiment, trial: int = 0) -> xr.Dataset:
    """Return the training samples of a trial.

    Parameters
    ----------
    experiment : BandedExperiment
    trial : int, optional

    Returns
    -------
    data : xarray.Dataset
        ``x`` (sample, dimension) and ``label`` (sample,).
    """
    data = experiment.make_data(trial)
    return xr.Dataset(
        {
            "x": (("sample", "dimension"), data.x_train),
            "label": ("sample", data.labels_train),
        },
        attrs={"title": "Samples of bands", "n_bands": experiment.n_bands},
    )


def make_fields(
    experiment: BandedExperiment, trial: int = 0, n_points: int = 90
) -> xr.Dataset:
    """Return the initial error of a neuron with limited connectivity over the plane.

    The neuron is the one that learns most by backpropagation, among the neurons that see
    the first dimension.

    Parameters
    ----------
    experiment : BandedExperiment
        An experiment with two dimensions.
    trial : int, optional
        Number of the trial.
    n_points : int, optional
        Number of points along each axis of the grid.

    Returns
    -------
    data : xarray.Dataset
        ``taught`` (variant, x2, x1), the error of the neuron, and its ``mean`` over x2
        (variant, x1).
    """
    data = experiment.make_data(trial)
    x, targets = make_inputs(data.x_train), make_targets(data.labels_train)
    axis = (np.arange(n_points) + 0.5) / n_points * 2 - 1
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    y = make_targets(experiment.find_classes(grid))
    fields = {}
    for variant in VARIANTS:
        network = experiment.declare(trial, variant, "limited")
        path = find_path(network.decode, network)
        trainer = Trainer([path], [x], [targets], solver=SOLVER)
        trainer.solve()
        _, delta, _ = find_taught(trainer.chain, make_inputs(grid), y)
        fields[variant] = delta.T.reshape(-1, n_points, n_points)
    # the neuron that sees the first dimension with the largest average over the other one
    means = fields["backprop"].mean(axis=1)[:: experiment.dimensions]
    neuron = experiment.dimensions * int(np.argmax(np.mean(means**2, axis=1)))
    taught = np.array([field[neuron] for field in fields.values()])
    return xr.Dataset(
        {
            "taught": (("variant", "x2", "x1"), taught),
            "mean": (("variant", "x1"), taught.mean(axis=1)),
        },
        coords={
            "variant": np.array(list(VARIANTS), dtype=object),
            "x1": axis,
            "x2": axis,
        },
        attrs={
            "title": "The error of a neuron that sees one dimension",
            "neuron": neuron,
            "n_bands": experiment.n_bands,
        },
    )
