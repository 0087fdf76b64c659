"""Epochs over samples, in arrays that are allocated once."""

from itertools import product

import numpy as np

from nengo_fa.offline.activities import make_inputs
from nengo_fa.offline.passes import Pass

#: Number of activities that are computed at a time, so that work arrays stay in the
#: processor's cache.
PIECE_SIZE = 2**17


class Samples:
    """Samples of the input of each network, and the desired outputs for them.

    Parameters
    ----------
    chain : Chain
    x : sequence of (n_samples, dimensions) array_like
        Inputs for each network.
    y : sequence of (n_samples, size_out) array_like
        Desired outputs for each network.
    batch_size : int, optional
        Number of samples for each update of the encoders. Default: all.
    measures : sequence of dict, optional
        As for `.Activities`, for each layer.
    rng : numpy.random.RandomState, optional
        Draws the order of the samples if they are divided into batches.

    Attributes
    ----------
    gradients : list of (n_networks, n_neurons, dimensions) array
        The last gradients in the input weights of each layer. The encoders follow them at
        the beginning of the next epoch.
    """

    def __init__(self, chain, x, y, batch_size=None, measures=None, rng=None):
        n_networks, (n_samples, dimensions) = len(x), np.shape(x[0])
        layers, size_out = chain.layers, np.shape(y[0])[1]
        n_neurons = [layer.weights.shape[2] for layer in layers]
        device = chain.device
        self._chain = chain
        self._rng = rng
        batch_size = n_samples if batch_size is None else batch_size
        piece_size = batch_size
        if device.name == "cpu":
            piece_size = max(1, PIECE_SIZE // max(n_neurons))
        # each batch as a list of pieces
        self._batches = [
            _split(batch, piece_size)
            for batch in _split(slice(0, n_samples), batch_size)
        ]
        pieces = [rows for batch in self._batches for rows in batch]
        self._passes = {
            size: Pass(chain, size, measures)
            for size in {rows.stop - rows.start for rows in pieces}
        }
        self._in_pieces = len(pieces) > 1
        if self._in_pieces:
            self._activities = device.empty((n_networks, n_samples, n_neurons[-1]))
            (works, *_) = (found.layers for found in self._passes.values())
            self._kept = [
                {
                    name: device.empty((batch_size, array.shape[1]))
                    for name, array in work.needed.items()
                }
                for work in works
            ]
        self._inputs = make_inputs(device, (n_networks, n_samples, dimensions))
        self._y = device.empty((n_networks, n_samples, size_out))
        order = rng.permutation(n_samples) if self.in_batches else np.arange(n_samples)
        for i in range(n_networks):
            self._y[i] = device.array(y[i][order])
            for rows in pieces:  # piecewise, which needs less memory
                self._inputs[i, rows, :-1] = device.array(x[i][order[rows]])
        self._error = device.empty((n_samples, size_out))
        self.gradients = [device.empty(layer.encoders.shape) for layer in layers]
        self._of_piece = [device.empty(layer.encoders.shape[1:]) for layer in layers]

    @property
    def in_batches(self):
        """Whether there are several updates of the encoders in an epoch."""
        return len(self._batches) > 1

    def solve(self, solve):
        """Solve for the decoders of all networks, with the current encoders.

        Takes a function from `.make_solve`; returns the remaining root mean square errors,
        (n_networks,).
        """
        return self._run(solve, self._batches, learn=False)

    def learn(self, solve):
        """Run one epoch: update all encoders for each batch, and solve for the decoders.

        Samples are assigned to batches at random, once. The order of the batches is random
        in each epoch, except for the last batch, which contains fewer samples if they cannot
        be divided evenly. Its gradient depends on the new decoders, so that encoders follow
        it at the beginning of the next epoch; call `solve` before the first epoch. The
        decoders fit the activities that each batch had when it was used. Arguments and
        results are those of `solve`.
        """
        *first, last = self._batches
        if first:
            first = [first[k] for k in self._rng.permutation(len(first))]
        return self._run(solve, [*first, last], learn=True)

    def find_gradients(self):
        """Yield the gradients of each batch, with the current decoders, like ``gradients``.

        The attribute ``gradients`` is not changed. The next batch overwrites the yielded
        arrays.
        """
        if not self.in_batches:
            yield self.gradients
            return
        waiting = self.gradients
        self.gradients = [self._chain.device.empty(one.shape) for one in waiting]
        for batch in self._batches:
            self._reset_gradients()
            for i, rows in product(range(len(self._y)), batch):
                error = self._decode(i, self._forward(i, rows, True), rows)
                error -= self._y[i, rows]
                self._add_gradients(i, error, rows)
            self._divide_gradients(batch)
            yield self.gradients
        self.gradients = waiting

    def test(self):
        """Return the root mean square errors with the current decoders, (n_networks,)."""
        rmse = np.empty(len(self._y))
        for i, y in enumerate(self._y):
            error = self.decode(i)
            error -= y
            rmse[i] = _root_mean_square(error)
        return rmse

    def decode(self, i):
        """Return the outputs of network i, (n_samples, size_out), with its decoders.

        All other methods overwrite this array.
        """
        (batch,) = self._batches
        for rows in batch:
            self._decode(i, self._forward(i, rows, with_derivative=False), rows)
        return self._error

    def _run(self, solve, batches, learn):
        networks = range(len(self._y))
        *first, last = batches
        for batch in first:
            if learn:
                self._follow_gradients()
            for i in networks:
                if learn:
                    self._chain.follow(i)
                for rows in batch:
                    activities = self._forward(i, rows, with_derivative=learn)
                    self._activities[i, rows] = activities
                    if learn:
                        error = self._decode(i, activities, rows)
                        error -= self._y[i, rows]
                        self._add_gradients(i, error, rows)
            if learn:
                self._divide_gradients(batch)

        if learn:
            self._follow_gradients()
        self._reset_gradients()
        rmse = np.empty(len(networks))
        for i in networks:
            activities = self._forward_batch(i, last)
            self._chain.decoders[i] = solve(activities, self._y[i])
            error = self._decode(i, activities, slice(None))
            error -= self._y[i]
            rmse[i] = _root_mean_square(error)
            self._chain.follow(i)
            for rows in last:
                self._recall(i, rows, last)
                self._add_gradients(i, error[rows], rows)
        self._divide_gradients(last)
        return rmse

    def _get_pass(self, rows):
        return self._passes[rows.stop - rows.start]

    def _forward(self, i, rows, with_derivative):
        return self._get_pass(rows).forward(i, self._inputs[i, rows], with_derivative)

    def _forward_batch(self, i, batch):
        """Return the activities of the last layer for all samples, and compute f'."""
        for rows in batch:
            activities = self._forward(i, rows, with_derivative=True)
            if self._in_pieces:
                self._activities[i, rows] = activities
                for array, kept in self._find_kept(rows, batch):
                    kept[...] = array
        return self._activities[i] if self._in_pieces else activities

    def _recall(self, i, rows, batch):
        """Restore the arrays of a piece of the batch that the backward pass needs."""
        if self._in_pieces:
            self._get_pass(rows).layers[0].inputs = self._inputs[i, rows]
            for array, kept in self._find_kept(rows, batch):
                array[...] = kept

    def _find_kept(self, rows, batch):
        """Yield the arrays of a piece of the batch, each with its place in memory."""
        place = slice(rows.start - batch[0].start, rows.stop - batch[0].start)
        for work, kept in zip(self._get_pass(rows).layers, self._kept):
            for name, array in work.needed.items():
                yield array, kept[name][place]

    def _decode(self, i, activities, rows):
        xp = self._chain.device.namespace
        return xp.matmul(activities, self._chain.decoders[i], out=self._error[rows])

    def _add_gradients(self, i, error, rows):
        """Add the gradients of the samples that were computed or restored last."""
        xp, work = self._chain.device.namespace, self._get_pass(rows)
        for layer, delta, of_piece, gradient in zip(
            work.layers, work.backward(i, error), self._of_piece, self.gradients
        ):
            xp.matmul(delta.T, layer.inputs[:, :-1], out=of_piece)
            gradient[i] += of_piece

    def _follow_gradients(self):
        self._chain.update(self.gradients)
        self._reset_gradients()

    def _reset_gradients(self):
        for gradient in self.gradients:
            gradient[...] = 0

    def _divide_gradients(self, batch):
        for gradient in self.gradients:
            gradient /= batch[-1].stop - batch[0].start


def _split(rows, size):
    """Return rows, a slice, as slices of a size; the last slice may be smaller."""
    return [
        slice(start, min(start + size, rows.stop))
        for start in range(rows.start, rows.stop, size)
    ]


def _root_mean_square(error):
    error = error.reshape(-1)
    return float(error @ error / len(error)) ** 0.5
