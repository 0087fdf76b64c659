"""What offline training records."""

from dataclasses import dataclass, field

import numpy as np

from nengo_fa.devices import to_numpy
from nengo_fa.geometry import angle_to_axes


@dataclass(frozen=True)
class History:
    """What `.train` has recorded. The first entry of each series is from before learning.

    Attributes
    ----------
    rmse : (n_epochs + 1,) ndarray
        Root mean square error over all samples, with the decoders solved for them.
    test_rmse : (n_epochs + 1,) ndarray or None
        The same over the test samples, with the same decoders.
    encoder_lengths : (n_epochs + 1, n_neurons) ndarray
        The length of each encoder.
    angles : (n_epochs + 1, n_neurons) ndarray or None
        Angle between each encoder and the nearest of the given axes, in radians.
    encoders : (n_neurons, dimensions) ndarray
        Encoders after the last epoch.
    decoders : (size_out, n_neurons) ndarray
        Decoders after the last epoch.
    snapshots : dict
        Encoders, (n_neurons, dimensions), by the number of epochs after which they were
        kept.
    interrupted : bool
        Whether Ctrl-C ended the training.
    """

    rmse: np.ndarray
    test_rmse: np.ndarray
    encoder_lengths: np.ndarray
    angles: np.ndarray
    encoders: np.ndarray
    decoders: np.ndarray
    snapshots: dict = field(repr=False)
    interrupted: bool = False

    @property
    def n_epochs(self):
        """Number of finished epochs."""
        return len(self.rmse) - 1

    @property
    def encoder_length(self):
        """Mean length of the encoders over epochs, (n_epochs + 1,)."""
        return self.encoder_lengths.mean(axis=-1)

    @property
    def angle(self):
        """Mean angle to the nearest axis over epochs, in radians, (n_epochs + 1,)."""
        return None if self.angles is None else self.angles.mean(axis=-1)


class Record:
    """The history as it grows, and what was learned by the last finished epoch.

    Parameters
    ----------
    layers : Layers
        With the one layer that is taught.
    epochs : int
        How many there will be at most.
    axes : (n_axes, dimensions) array_like or None
        As for `.train`.
    snapshots : set of int
        As for `.train`.
    """

    def __init__(self, layers, epochs, axes, snapshots):
        self._layers = layers
        encoders = to_numpy(layers.encoders[0])
        self._axes = axes
        self._keep = snapshots
        self._rmse = np.empty(epochs + 1)
        self._test_rmse = None
        self._lengths = np.empty((epochs + 1, len(encoders)))
        self._angles = None if axes is None else np.empty_like(self._lengths)
        self._snapshots = {}
        # Encoders are measured some epochs at a time, which is faster for small ones.
        block_size = min(epochs + 1, max(1, 2**16 // encoders.size))
        self._block = np.empty((block_size, *encoders.shape))
        self._measured = 0
        # one object, so that Ctrl-C cannot come between its parts
        self._finished = -1, None, None

    @property
    def n_epochs(self):
        """Number of finished epochs; -1 before the first decoders."""
        return self._finished[0]

    @property
    def encoders(self):
        return self._finished[1]

    @property
    def decoders(self):
        return self._finished[2].T

    def add(self, rmse, test_rmse):
        epoch = self.n_epochs + 1
        encoders = to_numpy(self._layers.encoders[0]).copy()
        self._add_errors(epoch, rmse, test_rmse)
        if epoch in self._keep:
            self._snapshots[epoch] = encoders
        self._block[epoch - self._measured] = encoders
        self._finished = epoch, encoders, to_numpy(self._layers.decoders[0])
        if epoch + 1 - self._measured == len(self._block):
            self._measure()

    def replace(self, rmse, test_rmse):
        """Replace the decoders and errors of the last epoch; its encoders stay."""
        self._add_errors(self.n_epochs, rmse, test_rmse)
        self._finished = *self._finished[:2], to_numpy(self._layers.decoders[0])

    def _add_errors(self, epoch, rmse, test_rmse):
        self._rmse[epoch] = rmse
        if test_rmse is not None:
            if self._test_rmse is None:
                self._test_rmse = np.empty_like(self._rmse)
            self._test_rmse[epoch] = test_rmse

    def _measure(self):
        start, stop = self._measured, self.n_epochs + 1
        encoders = self._block[: stop - start]
        self._lengths[start:stop] = np.linalg.norm(encoders, axis=-1)
        if self._axes is not None:
            self._angles[start:stop] = angle_to_axes(encoders, self._axes)
        self._measured = stop

    def get_history(self, interrupted=False):
        self._measure()

        def until_now(series):
            return None if series is None else series[: self.n_epochs + 1].copy()

        return History(
            rmse=until_now(self._rmse),
            test_rmse=until_now(self._test_rmse),
            encoder_lengths=until_now(self._lengths),
            angles=until_now(self._angles),
            encoders=self.encoders.copy(),
            decoders=self.decoders.copy(),
            snapshots={k: v.copy() for k, v in self._snapshots.items()},
            interrupted=interrupted,
        )
