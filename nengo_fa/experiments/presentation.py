"""The outputs of a trained classifier in spikes while it sees samples."""

from contextlib import contextmanager

import nengo
import numpy as np
import xarray as xr
from nengo.exceptions import ValidationError
from nengo.utils.numpy import is_integer, is_number
from nengo.utils.progress import Progress, ProgressBar, ProgressTracker

from nengo_fa.checks import check_count
from nengo_fa.datasets.dataset import Dataset
from nengo_fa.experiments.classification import ClassificationExperiment, load_centered
from nengo_fa.experiments.sweep import precision
from nengo_fa.networks import Classifier
from nengo_fa.offline.train import train

#: Spiking neurons with the rates of rate neurons, and the parameters that they share.
SPIKING = {
    nengo.LIFRate: (nengo.LIF, ("tau_rc", "tau_ref", "amplitude")),
    nengo.RectifiedLinear: (nengo.SpikingRectifiedLinear, ("amplitude",)),
}

#: Number of neurons whose encoders are shown.
N_NEURONS = 16


def present(
    network: Classifier,
    data: Dataset,
    n_samples: int | None = None,
    presentation_time: float = 0.1,
    n_shown: int = 8,
    progress_bar: ProgressBar | bool = True,
    dt: float = 0.001,
) -> xr.Dataset:
    """Show test samples to a trained network, one after the other, in a simulator.

    Parameters
    ----------
    network : nengo_fa.networks.Classifier
        A network of spiking neurons. LIF rate neurons and rectified linear neurons are
        replaced by spiking neurons with the same rates. The network is not changed.
    data : nengo_fa.datasets.Dataset
        The data with which the network was trained; the first test samples are shown.
    n_samples : int, optional
        Number of samples. By default 1000, or all if there are fewer.
    presentation_time : float, optional
        Time for which each sample is shown, in seconds. Neurons and synapses are not reset
        between samples.
    n_shown : int, optional
        Number of samples for which spikes and outputs are kept.
    progress_bar : bool or nengo.utils.progress.ProgressBar, optional
        As for `nengo.Simulator`.
    dt : float, optional
        Time step in seconds.

    Returns
    -------
    results : xarray.Dataset
        As for `nengo_fa.plots.presentation` and `nengo_fa.plots.confusion_matrix`.

    Raises
    ------
    nengo.exceptions.ValidationError
        If there are fewer test samples, if the time is shorter than a time step, or if the
        neurons have no spikes.
    """
    if n_samples is None:
        n_samples = min(1000, len(data.x_test))
    _check(n_samples, n_shown, presentation_time, dt, len(data.x_test))
    n_steps = round(presentation_time / dt)
    n_shown = min(n_shown, n_samples)
    x, labels = data.x_test[:n_samples], data.labels_test[:n_samples]
    with _showing(network, x, n_steps * dt) as (model, probes):
        outputs, spikes = _simulate(
            model, probes, x, n_steps, n_shown, dt, progress_bar
        )

    n_classes = network.output.size_in
    answers = outputs.argmax(axis=2)
    confusion = np.zeros((n_classes, n_classes), dtype=int)
    np.add.at(confusion, (labels, answers[:, -1]), 1)
    step, neuron = np.nonzero(np.concatenate(spikes))
    shape = data.image_shape or (1, data.x_test.shape[1])
    images = data.restore(x[:n_shown])
    steps = np.arange(1, n_shown * n_steps + 1)
    return xr.Dataset(
        {
            "error": ("time", np.mean(answers != labels[:, np.newaxis], axis=0)),
            "confusion": (("label", "prediction"), confusion),
            "spike_time": ("spike", (step + 1) * dt, {"units": "s"}),
            "spike_neuron": ("spike", neuron),
            "images": (("digit", "row", "column"), images.reshape(-1, *shape)),
            "onset": ("digit", np.arange(n_shown) * n_steps * dt, {"units": "s"}),
            "shown_label": ("digit", labels[:n_shown]),
            "shown_prediction": ("digit", answers[:n_shown, -1]),
            "output": (("sample", "class"), outputs[:n_shown].reshape(-1, n_classes)),
            "sample_time": ("sample", steps * dt, {"units": "s"}),
        },
        coords={"time": ("time", np.arange(1, n_steps + 1) * dt, {"units": "s"})},
        attrs={"title": "A trained network in spikes", "n_digits": n_samples},
    )


def _check(n_samples, n_shown, presentation_time, dt, n_test):
    if not is_integer(n_samples) or not 1 <= n_samples <= n_test:
        raise ValidationError(
            f"Must be an integer from 1 to {n_test}, the number of test samples "
            f"(got {n_samples!r})",
            attr="n_samples",
        )
    check_count("n_shown", n_shown)
    if not is_number(dt) or not 0 < dt < np.inf:
        raise ValidationError(
            f"Must be a number of seconds above zero (got {dt!r})", attr="dt"
        )
    if not is_number(presentation_time) or not dt <= presentation_time < np.inf:
        raise ValidationError(
            f"Must be a number of seconds, at least {dt} (got {presentation_time!r})",
            attr="presentation_time",
        )


@contextmanager
def _showing(network, x, presentation_time):
    """Yield a model in which the network sees x in spikes, and its probes."""
    hidden, stimulus = network.hidden, network.stimulus
    before = hidden.neuron_type, stimulus.output
    try:
        hidden.neuron_type = _make_spiking(hidden.neuron_type)
        stimulus.output = nengo.processes.PresentInput(x, presentation_time)
        with nengo.Network(seed=network.seed) as model:
            model.add(network)
            probes = nengo.Probe(network.output), nengo.Probe(hidden.neurons)
        yield model, probes
    finally:
        hidden.neuron_type, stimulus.output = before


def _simulate(model, probes, x, n_steps, n_shown, dt, progress_bar):
    """Return the outputs for all samples, and the spikes for the first samples."""
    outputs = np.empty((len(x), n_steps, probes[0].size_in))
    spikes = []
    progress = Progress("Showing samples", "Showing samples", len(x))
    # In single precision, Nengo's clock would soon be one step off, so that samples would
    # begin at the wrong time.
    with precision("64"), nengo.Simulator(model, dt=dt, progress_bar=False) as sim:
        with ProgressTracker(progress_bar, progress):
            for i in range(len(x)):
                sim.run_steps(n_steps)
                outputs[i], spiked = (sim.data[probe] for probe in probes)
                if i < n_shown:
                    spikes.append(spiked > 0)
                sim.clear_probes()  # the spikes for all samples would fill the memory
                progress.step()
    return outputs, spikes


def train_and_present(
    experiment: ClassificationExperiment,
    rule: str = "FeedbackAlignment",
    normalization: str = "augmented",
    n_samples: int | None = None,
) -> xr.Dataset:
    """Train the network of the first trial of an experiment, and show it test samples.

    Parameters
    ----------
    experiment : nengo_fa.experiments.classification.ClassificationExperiment
    rule, normalization : str, optional
        As for its ``declare``.
    n_samples : int, optional
        As for `present`.

    Returns
    -------
    results : xarray.Dataset
        The results of `present`, with ``encoders_before`` and ``encoders_after`` (neuron,
        row, column) of the first neurons.

    Raises
    ------
    nengo.exceptions.ConvergenceError
        If learning diverges.
    """
    network = experiment.declare(0, rule, normalization)
    data = load_centered(experiment.dataset)
    spiking = experiment.neurons == "spiking"
    history = train(
        network.decode,
        data.x_train,
        data.one_hot()[0],
        experiment.epochs,
        experiment.batch_size,
        seed=network.seed,
        snapshots=[0],
        turn=experiment.get_turn(rule, normalization),
        presentation_time=experiment.presentation_time if spiking else None,
        network=network,
        device=experiment.device,
    )
    results = present(network, data, n_samples)
    shape = -1, *results.images.shape[1:]
    dims = "neuron", "row", "column"
    before, after = history.snapshots[0][:N_NEURONS], history.encoders[:N_NEURONS]
    return results.assign(
        encoders_before=(dims, before.reshape(shape)),
        encoders_after=(dims, after.reshape(shape)),
    )


def _make_spiking(neuron_type):
    if neuron_type.spiking:
        return neuron_type
    if type(neuron_type) not in SPIKING:
        raise ValidationError(
            "Must have spiking neurons, LIFRate or RectifiedLinear neurons (got "
            f"{neuron_type})",
            attr="network",
        )
    spiking, names = SPIKING[type(neuron_type)]
    return spiking(**{name: getattr(neuron_type, name) for name in names})
