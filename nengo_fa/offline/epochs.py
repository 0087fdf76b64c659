"""What an epoch of offline training computes, in arrays that are allocated once."""

import numpy as np
from array_api_compat import array_namespace

from nengo_fa.offline.activities import make_step_measured
from nengo_fa.rules.responses import make_step_rates

#: Activities that are computed at a time, so that work arrays stay in the cache of a
#: processor.
PIECE_SIZE = 2**17


class Activities:
    """Activities of the neurons of a layer, and f', for so many samples at a time.

    Parameters
    ----------
    layer : Layer
    n_samples : int
    measure : dict, optional
        Arguments of `.make_step_measured`. By default activities are rates.

    Attributes
    ----------
    inputs : (n_samples, dimensions + 1) array
        The input, and a one for the bias. Where there is no layer before, whatever was
        given last.
    activities, derivative : (n_samples, n_neurons) array
    current : (n_samples, n_neurons) array
        Not needed any more after `compute`, and so room for other things.
    """

    def __init__(self, layer, n_samples, measure=None):
        dimensions, n_neurons = layer.weights.shape[1] - 1, layer.weights.shape[2]
        shape = n_samples, n_neurons
        device = layer.device
        self._layer = layer
        self._matmul = device.namespace.matmul
        self.inputs = None
        if not layer.is_first:
            self.inputs = make_inputs(device, (n_samples, dimensions))
        self.current = device.empty(shape)
        self.activities = device.empty(shape)
        self.derivative = device.empty(shape)
        arrays = layer.neuron_type, self.current, self.activities
        derivative = layer.derivative
        if measure is None:
            self._step = make_step_rates(*arrays)
            self._step_with_derivative = derivative.make_step_with_rates(
                *arrays, self.derivative
            )
        else:
            signals = {"current": self.current, "output": self.activities}
            step_derivative = derivative.make_step(
                layer.neuron_type, signals[derivative.signal], self.derivative
            )
            self._step = make_step_measured(*arrays, **measure)

            def step_with_derivative():
                self._step()
                step_derivative()

            self._step_with_derivative = step_with_derivative

    def compute(self, i, inputs, with_derivative=False):
        """Compute the activities in network i.

        Parameters
        ----------
        i : int
        inputs : (n_samples, dimensions + 1) or (n_samples, n_before) array
            The input, with a one for the bias, or the activities of the layer before.
        with_derivative : bool, optional
        """
        if self._layer.is_first:
            self.inputs = inputs
        else:
            self.inputs[:, :-1] = self._layer.receive(i, inputs)
        self._matmul(self.inputs, self._layer.weights[i], out=self.current)
        (self._step_with_derivative if with_derivative else self._step)()


def make_inputs(device, shape):
    """An array for inputs, with a one behind the dimensions of each, for the bias."""
    *shape, dimensions = shape
    inputs = device.empty((*shape, dimensions + 1))
    inputs[..., -1] = 1
    return inputs


class Kept:
    """Inputs and f' of a layer for all samples of a batch, while its pieces are computed."""

    def __init__(self, layer, n_samples):
        _, n_inputs, n_neurons = layer.weights.shape
        self._derivative = layer.device.empty((n_samples, n_neurons))
        self._inputs = None
        if not layer.is_first:
            self._inputs = layer.device.empty((n_samples, n_inputs))

    def keep(self, rows, work):
        self._derivative[rows] = work.derivative
        if self._inputs is not None:
            self._inputs[rows] = work.inputs

    def recall(self, rows, work):
        work.derivative[...] = self._derivative[rows]
        if self._inputs is not None:
            work.inputs[...] = self._inputs[rows]


class Samples:
    """Samples of the input of each network, and the outputs that are wanted for them.

    Parameters
    ----------
    chain : Chain
    x : sequence of (n_samples, dimensions) array_like
        For each network.
    y : sequence of (n_samples, size_out) array_like
        For each network.
    batch_size : int, optional
        Number of samples for each update of the encoders. Default: all.
    measures : sequence of dict, optional
        As for `Activities`, for each layer.
    rng : numpy.random.RandomState, optional
        For the order of the samples, if they are divided into batches.
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
        measures = [None] * len(layers) if measures is None else measures
        self._works = {
            size: [
                Activities(layer, size, measure)
                for layer, measure in zip(layers, measures)
            ]
            for size in {rows.stop - rows.start for rows in pieces}
        }
        self._in_pieces = len(pieces) > 1
        if self._in_pieces:
            self._activities = device.empty((n_networks, n_samples, n_neurons[-1]))
            self._kept = [Kept(layer, batch_size) for layer in layers]
        self._inputs = make_inputs(device, (n_networks, n_samples, dimensions))
        self._y = device.empty((n_networks, n_samples, size_out))
        self._error = device.empty((n_samples, size_out))
        self._gradients = [device.empty(layer.encoders.shape) for layer in layers]
        self._of_piece = [device.empty(layer.encoders.shape[1:]) for layer in layers]

        order = rng.permutation(n_samples) if self.in_batches else slice(None)
        for i in range(n_networks):
            self._y[i] = device.array(y[i][order])
            for rows in pieces:  # not to copy all of them at once
                values = x[i][order[rows]] if self.in_batches else x[i][rows]
                self._inputs[i, rows, :-1] = device.array(values)

    @property
    def in_batches(self):
        """Whether there are several updates of the encoders in an epoch."""
        return len(self._batches) > 1

    @property
    def gradients(self):
        """Those that wait to be followed in the next epoch, a list of an array for each layer.

        (n_networks, n_neurons, dimensions) each, in the input weights; overwritten.
        """
        return self._gradients

    def solve(self, solve):
        """Solve for the decoders of all networks, with encoders as they are.

        Parameters
        ----------
        solve : callable
            From `.make_solve`.

        Returns
        -------
        rmse : (n_networks,) ndarray
            The root mean square error that is left.
        """
        return self._run(solve, self._batches, learn=False)

    def learn(self, solve):
        """One epoch: update all encoders once for each batch, and solve for the decoders.

        The samples pass once. So the gradient of the batch that comes last waits for
        the decoders, and is followed at the beginning of the next epoch; `solve` comes
        before the first. With several batches, decoders are those for the activities
        that each batch had in its turn.

        Parameters
        ----------
        solve : callable
            From `.make_solve`.

        Returns
        -------
        rmse : (n_networks,) ndarray
            The root mean square error that is left, of these activities.
        """
        *first, last = self._batches
        if first:
            first = [first[k] for k in self._rng.permutation(len(first))]
        return self._run(solve, [*first, last], learn=True)

    def run_epochs(self, solve, epochs):
        """Learn for some epochs, as `.train` does, but go on where errors are not finite.

        Parameters
        ----------
        solve : callable
            From `.make_solve`.
        epochs : int

        Yields
        ------
        epoch : int
            From 0, with nothing learned yet, to ``epochs``. With several batches the last
            one comes twice: at last, decoders are solved for from all activities of the
            final encoders.
        rmse : (n_networks,) ndarray
            The root mean square error that is left after it.
        """
        yield 0, self.solve(solve)
        for epoch in range(1, epochs + 1):
            yield epoch, self.learn(solve)
        if self.in_batches:
            yield epochs, self.solve(solve)

    def test(self):
        """The root mean square errors with the decoders as they are, (n_networks,)."""
        rmse = np.empty(len(self._y))
        for i, y in enumerate(self._y):
            error = self.decode(i)
            error -= y
            rmse[i] = _root_mean_square(error)
        return rmse

    def decode(self, i):
        """The outputs of network i with the decoders as they are.

        Returns
        -------
        outputs : (n_samples, size_out) array
            Overwritten by all other methods.
        """
        (batch,) = self._batches
        for rows in batch:
            *_, last = self._compute(i, rows)
            self._decode(i, last.activities, rows)
        return self._error

    def _run(self, solve, batches, learn):
        *first, last = batches
        networks = range(len(self._y))
        for batch in first:
            if learn:
                self._chain.update(self._gradients)
                self._reset_gradients()
            for i in networks:
                if learn:
                    self._chain.follow(i)
                for rows in batch:
                    works = self._compute(i, rows, with_derivative=learn)
                    activities = works[-1].activities
                    self._activities[i, rows] = activities
                    if learn:
                        error = self._get_error(i, activities, rows)
                        self._add_gradients(i, error, rows)
            if learn:
                self._divide_gradients(batch)

        if learn:
            self._chain.update(self._gradients)
        self._reset_gradients()
        rmse = np.empty(len(networks))
        for i in networks:
            activities = self._compute_batch(i, last)
            self._chain.decoders[i] = solve(activities, self._y[i])
            error = self._get_error(i, activities, slice(None))
            rmse[i] = _root_mean_square(error)
            self._chain.follow(i)
            for rows in last:
                self._recall(i, rows, last)
                self._add_gradients(i, error[rows], rows)
        self._divide_gradients(last)
        return rmse

    def _compute(self, i, rows, with_derivative=False):
        works = self._works[rows.stop - rows.start]
        values = self._inputs[i, rows]
        for work in works:
            work.compute(i, values, with_derivative)
            values = work.activities
        return works

    def _compute_batch(self, i, batch):
        """The activities of the last layer for all samples, with f' for a batch."""
        for rows in batch:
            works = self._compute(i, rows, with_derivative=True)
            if self._in_pieces:
                self._activities[i, rows] = works[-1].activities
                for kept, work in zip(self._kept, works):
                    kept.keep(_shift(rows, batch), work)
        return self._activities[i] if self._in_pieces else works[-1].activities

    def _recall(self, i, rows, batch):
        """Bring back inputs and f' of a piece of the batch from `_compute_batch`."""
        if not self._in_pieces:
            return
        works = self._works[rows.stop - rows.start]
        works[0].inputs = self._inputs[i, rows]
        for kept, work in zip(self._kept, works):
            kept.recall(_shift(rows, batch), work)

    def _decode(self, i, activities, rows):
        xp = self._chain.device.namespace
        return xp.matmul(activities, self._chain.decoders[i], out=self._error[rows])

    def _get_error(self, i, activities, rows):
        error = self._decode(i, activities, rows)
        error -= self._y[i, rows]
        return error

    def _add_gradients(self, i, error, rows):
        """Add the gradients of the samples that were computed or recalled last."""
        xp = self._chain.device.namespace
        works = self._works[rows.stop - rows.start]
        derivatives = [work.derivative for work in works]
        self._chain.find_neuron_errors(
            i, error, derivatives, [work.current for work in works]
        )
        for work, delta, of_piece, gradient in zip(
            works, derivatives, self._of_piece, self._gradients
        ):
            xp.matmul(delta.T, work.inputs[:, :-1], out=of_piece)
            gradient[i] += of_piece

    def _reset_gradients(self):
        for gradient in self._gradients:
            gradient[...] = 0

    def _divide_gradients(self, batch):
        for gradient in self._gradients:
            gradient /= _count(batch)


def _split(rows, size):
    """Rows, a slice, as slices of a size; the last may be smaller."""
    return [
        slice(start, min(start + size, rows.stop))
        for start in range(rows.start, rows.stop, size)
    ]


def _shift(rows, batch):
    """Rows, counted from the first of the batch."""
    return slice(rows.start - batch[0].start, rows.stop - batch[0].start)


def _count(batch):
    return batch[-1].stop - batch[0].start


def _root_mean_square(error):
    xp = array_namespace(error)
    error = xp.reshape(error, (-1,))
    return float(xp.vecdot(error, error) / len(error)) ** 0.5
