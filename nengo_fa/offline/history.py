"""The records of offline training."""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from nengo_fa.geometry import angle_to_axes
from nengo_fa.offline.curves import draw_history
from nengo_fa.offline.devices import to_numpy
from nengo_fa.offline.turn import relative_change


@dataclass(frozen=True, repr=False)
class LayerHistory:
    """The records of `.train` for one layer. The first entries are from before learning.

    Attributes
    ----------
    encoder_lengths : (n_epochs + 1, n_neurons) ndarray
        The length of each encoder.
    angles : (n_epochs + 1, n_neurons) ndarray or None
        Angle between each encoder and the nearest of the given axes, in radians.
    learning_rate : float
        The learning rate, without the factor of a ``schedule``.
    turn : (n_epochs + 1,) ndarray
        The change of the encoders in each epoch, divided by their length, root mean square
        over neurons. The first entry is zero.
    encoders : (n_neurons, dimensions) ndarray
        Encoders after the last epoch, or after the best epoch with ``validation``.
    snapshots : dict
        Encoders, (n_neurons, dimensions), by the number of epochs after which they were
        recorded.
    alignment, weight_ratio, selectivity, dead : (n_epochs + 1,) ndarray or None
        The `.LayerMetrics` over epochs, with ``metrics=True``.
    """

    encoder_lengths: np.ndarray
    angles: np.ndarray
    encoders: np.ndarray
    snapshots: dict
    learning_rate: float | None = None
    turn: np.ndarray | None = None
    alignment: np.ndarray | None = None
    weight_ratio: np.ndarray | None = None
    selectivity: np.ndarray | None = None
    dead: np.ndarray | None = None

    @property
    def encoder_length(self) -> np.ndarray:
        """Mean length of the encoders over epochs, (n_epochs + 1,)."""
        return self.encoder_lengths.mean(axis=-1)

    @property
    def angle(self) -> np.ndarray:
        """Mean angle to the nearest axis over epochs, in radians, (n_epochs + 1,)."""
        return None if self.angles is None else self.angles.mean(axis=-1)

    def __repr__(self):
        n_neurons, dimensions = np.shape(self.encoders)
        return f"<LayerHistory of {n_neurons} neurons, {dimensions} dimensions>"


def _of_the_layer(name):
    """Return a property of a history that is a property of its only layer."""

    def get(history):
        if len(history.layers) > 1:
            raise AttributeError(
                f"There are {len(history.layers)} layers, each with its own {name}. "
                f"Use history.layers[0].{name}, and so on."
            )
        return getattr(history.layers[0], name)

    return property(
        get,
        doc=f"The ``{name}`` of the only `~nengo_fa.LayerHistory`, if there is one layer.",
    )


@dataclass(frozen=True, repr=False)
class History:
    """The records of `.train`. The first entry of each series is from before learning.

    If there is one layer, its attributes are also attributes of the history.

    Attributes
    ----------
    rmse : (n_epochs + 1,) ndarray
        Root mean square error over all samples, with the decoders of each epoch.
    test_rmse : (n_epochs + 1,) ndarray or None
        The same over the test samples, with the same decoders.
    decoders : (size_out, n_neurons) ndarray
        Decoders after the last epoch, or after the best epoch with ``validation``.
    layers : tuple of LayerHistory
        The taught layers, from the input to the output.
    interrupted : bool
        Whether Ctrl-C ended the training.
    validation_rmse : (n_epochs + 1,) ndarray or None
        As ``test_rmse``, over the validation samples.
    best_epoch : int or None
        The epoch with the lowest error over the validation samples, whose parameters the
        network has; zero for the initial parameters.
    """

    rmse: np.ndarray
    test_rmse: np.ndarray
    decoders: np.ndarray
    layers: tuple
    interrupted: bool = False
    validation_rmse: np.ndarray | None = None
    best_epoch: int | None = None

    encoder_lengths = _of_the_layer("encoder_lengths")
    encoder_length = _of_the_layer("encoder_length")
    angles = _of_the_layer("angles")
    angle = _of_the_layer("angle")
    encoders = _of_the_layer("encoders")
    learning_rate = _of_the_layer("learning_rate")
    turn = _of_the_layer("turn")
    snapshots = _of_the_layer("snapshots")
    alignment = _of_the_layer("alignment")
    weight_ratio = _of_the_layer("weight_ratio")
    selectivity = _of_the_layer("selectivity")
    dead = _of_the_layer("dead")

    @property
    def n_epochs(self) -> int:
        """Number of finished epochs."""
        return len(self.rmse) - 1

    def plot(self, ax: Any = None) -> list:
        """Plot the errors over epochs, and how the encoders change, with Matplotlib.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or sequence of them, optional
            The first axes show the errors. Further axes show the mean angle of the encoders
            to the nearest axis (if it was recorded), their mean length, and their turn in
            each epoch. By default, a new figure has axes for all of these.

        Returns
        -------
        axes : list of matplotlib.axes.Axes
            The axes that were drawn.

        Raises
        ------
        nengo.exceptions.ValidationError
            If ``ax`` is not axes of Matplotlib.
        ImportError
            If Matplotlib is not installed.

        See Also
        --------
        nengo_fa.plots.layer_metrics : plots the records of ``metrics=True``.

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> layer = nengo_fa.LayerHistory(np.ones((3, 20)), None, np.ones((20, 2)), {})
        >>> history = nengo_fa.History(
        ...     np.array([0.3, 0.2, 0.1]), None, np.ones((1, 20)), (layer,))
        >>> axes = history.plot(ax=Figure().subplots(1, 2))
        >>> [panel.get_ylabel() for panel in axes]
        ['RMSE', 'Length of encoders']
        """
        return draw_history(self, ax)

    def __repr__(self):
        errors = {
            "rmse": self.rmse,
            "validation_rmse": self.validation_rmse,
            "test_rmse": self.test_rmse,
        }
        shown = [f"{self.n_epochs} epochs"]
        shown += [
            f"{name} {values[0]:.3g} to {values[-1]:.3g}"
            for name, values in errors.items()
            if values is not None
        ]
        if len(self.layers) > 1:
            shown.append(f"{len(self.layers)} layers")
        return f"<History of {', '.join(shown)}{', interrupted' * self.interrupted}>"


class Record:
    """The growing history, and the parameters of the last finished epoch or the best epoch.

    Axes and snapshots, a set of int, are as for `.train`; metrics, if given, are measured
    after each epoch.
    """

    def __init__(self, chain, epochs, axes, snapshots, metrics=None):
        self._chain = chain
        self._metrics = metrics
        self._n_epochs = epochs
        self._errors = {}
        self._layers = [
            LayerRecord(layer, epochs, axes, snapshots) for layer in chain.layers
        ]
        # a single object, so that Ctrl-C cannot separate its parts
        self._finished = -1, Kept(-1, None, None)

    @property
    def n_epochs(self):
        """Number of finished epochs; -1 before the first decoders."""
        return self._finished[0]

    @property
    def kept_epoch(self):
        """The epoch whose encoders and decoders are kept: the last, or the best."""
        return self._finished[1].epoch

    @property
    def encoders(self):
        """Encoders of each layer, a list."""
        return self._finished[1].encoders

    @property
    def decoders(self):
        return self._finished[1].decoders.T

    def add(self, **errors):
        """Add an epoch with its errors, by their names in the history."""
        epoch = self.n_epochs + 1
        self._add_measures(epoch, errors)
        encoders = [layer.add(epoch) for layer in self._layers]
        kept = Kept(epoch, encoders, to_numpy(self._chain.decoders[0]))
        self._finished = epoch, kept if self._is_best(epoch) else self._finished[1]

    def replace(self, **errors):
        """Replace the decoders and errors of the epoch that is kept."""
        self._add_measures(self.kept_epoch, errors)
        epoch, kept = self._finished
        decoders = to_numpy(self._chain.decoders[0])
        self._finished = epoch, kept._replace(decoders=decoders)

    def _is_best(self, epoch):
        """Return whether to keep an epoch: always without validation, or if it is better."""
        errors = self._errors.get("validation_rmse")
        return errors is None or epoch == 0 or errors[epoch] < errors[self.kept_epoch]

    def _add_measures(self, epoch, errors):
        for name, error in errors.items():
            if name not in self._errors:
                self._errors[name] = np.empty(self._n_epochs + 1)
            self._errors[name][epoch] = error
        if self._metrics is not None:
            for layer, metrics in zip(self._layers, self._metrics.measure()):
                layer.add_metrics(epoch, metrics)

    def get_history(self, interrupted=False):
        stop = self.n_epochs + 1
        validated = "validation_rmse" in self._errors
        errors = {name: values[:stop].copy() for name, values in self._errors.items()}
        return History(
            **{"test_rmse": None, **errors},
            decoders=self.decoders.copy(),
            layers=tuple(
                layer.get_history(stop, encoders)
                for layer, encoders in zip(self._layers, self.encoders)
            ),
            interrupted=interrupted,
            best_epoch=self.kept_epoch if validated else None,
        )


class Kept(NamedTuple):
    """The parameters of an epoch: encoders of each layer, and decoders."""

    epoch: int
    encoders: list
    decoders: np.ndarray


class LayerRecord:
    """The growing history of a layer, without angles if axes have other dimensions."""

    def __init__(self, layer, epochs, axes, snapshots):
        self._layer = layer
        _, n_neurons, dimensions = layer.encoders.shape
        fits = np.shape(axes)[1] == dimensions
        self._axes = axes if fits else None
        self._keep = snapshots
        self._lengths = np.empty((epochs + 1, n_neurons))
        self._angles = np.empty_like(self._lengths) if fits else None
        self._turn = np.zeros(epochs + 1)
        self._last = to_numpy(layer.encoders[0]).copy()
        self._snapshots = {}
        self._metrics = []
        # Several epochs are measured at a time, which is faster for small encoders.
        block_size = min(epochs + 1, max(1, 2**16 // (n_neurons * dimensions)))
        self._block = np.empty((block_size, n_neurons, dimensions))
        self._measured = 0

    def add(self, epoch):
        """Record the encoders after an epoch, and return them."""
        encoders = to_numpy(self._layer.encoders[0]).copy()
        if epoch in self._keep:
            self._snapshots[epoch] = encoders
        self._block[epoch - self._measured] = encoders
        if epoch + 1 - self._measured == len(self._block):
            self._measure(epoch + 1)
        return encoders

    def add_metrics(self, epoch, metrics):
        """Record metrics, replacing those of the same epoch."""
        self._metrics[epoch : epoch + 1] = [asdict(metrics)]

    def _measure(self, stop):
        start = self._measured
        encoders = self._block[: stop - start]
        self._lengths[start:stop] = np.linalg.norm(encoders, axis=-1)
        before = np.concatenate([self._last[np.newaxis], encoders[:-1]])
        self._turn[start:stop] = relative_change(encoders - before, before)
        self._last = encoders[-1].copy()
        if self._angles is not None:
            self._angles[start:stop] = angle_to_axes(encoders, self._axes)
        self._measured = stop

    def get_history(self, stop, encoders):
        """Return the history of the first ``stop`` entries."""
        if self._measured < stop:
            self._measure(stop)
        finished = self._metrics[:stop]
        names = finished[0] if finished else ()
        return LayerHistory(
            encoder_lengths=self._lengths[:stop].copy(),
            angles=None if self._angles is None else self._angles[:stop].copy(),
            encoders=encoders.copy(),
            learning_rate=float(self._layer.learning_rate),
            turn=self._turn[:stop].copy(),
            snapshots={k: v.copy() for k, v in self._snapshots.items()},
            **{name: np.array([entry[name] for entry in finished]) for name in names},
        )
