"""What an epoch of offline training computes, in arrays that are allocated once."""

import numpy as np
from array_api_compat import array_namespace, is_numpy_array
from nengo.exceptions import ValidationError
from nengo.solvers import LstsqL2
from nengo.utils.least_squares_solvers import Cholesky

from nengo_fa.activities import make_step_measured, make_step_rates
from nengo_fa.devices import Device, to_numpy
from nengo_fa.equations import encoder_update

#: Activities that are computed at a time, so that work arrays stay in the cache of a
#: processor.
PIECE_SIZE = 2**17


class Layers:
    """Ensembles that are taught side by side, each by itself, and their decoders.

    Parameters
    ----------
    rule : EncoderLearningRule
        The learning rule type.
    neuron_type : nengo.neurons.NeuronType
    encoders : (n_layers, n_neurons, dimensions) array_like
        To start with.
    scale : (n_layers, n_neurons) array_like
        Gain over radius.
    bias : (n_layers, n_neurons) array_like
    feedback : (n_layers, n_neurons, size_out) array_like or None
        Feedback weights. None for the decoders, as they are at the time.
    columns : (dimensions,) array_like, optional
        One for the columns of the encoders that are taught, zero for the others.
        Default: all.
    device : Device, optional
        Where all arrays are. Default: in NumPy.

    Attributes
    ----------
    encoders : (n_layers, n_neurons, dimensions) array
    decoders : list of (n_neurons, size_out) array
        Once they have been solved for.
    weights : (n_layers, dimensions + 1, n_neurons) array
        Encoders times scale, transposed, above the bias: the weight of an input of one, so
        that a single product gives the currents.
    """

    def __init__(
        self,
        rule,
        neuron_type,
        encoders,
        scale,
        bias,
        feedback=None,
        columns=None,
        device=None,
    ):
        self.device = Device() if device is None else device
        self.neuron_type = neuron_type
        self.derivative = rule.derivative
        self._learning_rate = rule.learning_rate
        self._normalization = rule.normalization
        self._scale = self.device.array(scale)
        n_layers, n_neurons, dimensions = np.shape(encoders)
        self._columns = None if columns is None else self.device.array(columns)
        self._fields = None
        if rule.sparse:
            self._fields = self.device.array(np.not_equal(encoders, 0))
        self._feedback = None if feedback is None else self.device.array(feedback)
        self.decoders = [None] * n_layers
        self.weights = self.device.empty((n_layers, dimensions + 1, n_neurons))
        self.weights[:, -1, :] = self.device.array(bias)
        self.set_encoders(encoders)

    def get_feedback(self, i):
        """What projects the error onto the neurons of layer i, (n_neurons, size_out)."""
        return self.decoders[i] if self._feedback is None else self._feedback[i]

    def set_encoders(self, encoders):
        """Set the encoders, to (n_layers, n_neurons, dimensions) array_like."""
        self.encoders = self.device.array(encoders)
        self._set_weights()

    def update(self, gradient):
        """Take a step down gradients in the input weights, of the shape of encoders.

        The gradients are overwritten.
        """
        if self._fields is not None:
            gradient *= self._fields
        update = encoder_update(
            gradient,
            self.encoders,
            self._scale,
            self._learning_rate,
            self._normalization,
        )
        if self._columns is not None:
            update *= self._columns
        self.encoders += update
        self._set_weights()

    def _set_weights(self):
        xp = self.device.namespace
        encoders = xp.matrix_transpose(self.encoders)
        scale = self._scale[:, None, :]
        xp.multiply(encoders, scale, out=self.weights[:, :-1, :])


class Activities:
    """Activities of the neurons of a layer, and f', for so many samples at a time.

    Parameters
    ----------
    layers : Layers
    n_samples : int
    measure : dict, optional
        Arguments of `.make_step_measured`. By default activities are rates.

    Attributes
    ----------
    activities, derivative : (n_samples, n_neurons) array
    current : (n_samples, n_neurons) array
        Not needed any more after `compute`, and so room for other things.
    """

    def __init__(self, layers, n_samples, measure=None):
        shape = n_samples, layers.encoders.shape[1]
        device = layers.device
        self._matmul = device.namespace.matmul
        self.current = device.empty(shape)
        self.activities = device.empty(shape)
        self.derivative = device.empty(shape)
        arrays = layers.neuron_type, self.current, self.activities
        derivative = layers.derivative
        if measure is None:
            self._step = make_step_rates(*arrays)
            self._step_with_derivative = derivative.make_step_with_rates(
                *arrays, self.derivative
            )
        else:
            signals = {"current": self.current, "output": self.activities}
            step_derivative = derivative.make_step(
                layers.neuron_type, signals[derivative.signal], self.derivative
            )
            self._step = make_step_measured(*arrays, **measure)

            def step_with_derivative():
                self._step()
                step_derivative()

            self._step_with_derivative = step_with_derivative

    def compute(self, inputs, weights, with_derivative=False):
        """Compute the activities for inputs, (n_samples, dimensions + 1)."""
        self._matmul(inputs, weights, out=self.current)
        (self._step_with_derivative if with_derivative else self._step)()


class Samples:
    """Samples of the input of each layer, and the outputs that are wanted for them.

    Parameters
    ----------
    layers : Layers
    x : sequence of (n_samples, dimensions) array_like
        For each layer.
    y : sequence of (n_samples, size_out) array_like
        For each layer.
    batch_size : int, optional
        Number of samples for each update of the encoders. Default: all.
    measure : dict, optional
        As for `Activities`.
    rng : numpy.random.RandomState, optional
        For the order of the samples, if they are divided into batches.
    """

    def __init__(self, layers, x, y, batch_size=None, measure=None, rng=None):
        n_layers, (n_samples, dimensions) = len(x), np.shape(x[0])
        n_neurons, size_out = layers.encoders.shape[1], np.shape(y[0])[1]
        device = layers.device
        self._layers = layers
        self._rng = rng
        batch_size = n_samples if batch_size is None else batch_size
        piece_size = batch_size
        if device.name == "cpu":
            piece_size = max(1, PIECE_SIZE // n_neurons)
        # each batch as a list of pieces
        self._batches = [
            _split(batch, piece_size)
            for batch in _split(slice(0, n_samples), batch_size)
        ]
        pieces = [rows for batch in self._batches for rows in batch]
        self._works = {
            size: Activities(layers, size, measure)
            for size in {rows.stop - rows.start for rows in pieces}
        }
        self._in_pieces = len(pieces) > 1
        if self._in_pieces:
            self._activities = device.empty((n_layers, n_samples, n_neurons))
            self._derivative = device.empty((batch_size, n_neurons))
        self._inputs = device.empty((n_layers, n_samples, dimensions + 1))
        self._inputs[:, :, -1] = 1
        self._y = device.empty((n_layers, n_samples, size_out))
        self._error = device.empty((n_samples, size_out))
        self._gradient = device.empty(layers.encoders.shape)
        self._gradient_of_piece = device.empty(layers.encoders.shape[1:])

        order = rng.permutation(n_samples) if self.in_batches else slice(None)
        for i in range(n_layers):
            self._y[i] = device.array(y[i][order])
            for rows in pieces:  # not to copy all of them at once
                values = x[i][order[rows]] if self.in_batches else x[i][rows]
                self._inputs[i, rows, :-1] = device.array(values)

    @property
    def in_batches(self):
        """Whether there are several updates of the encoders in an epoch."""
        return len(self._batches) > 1

    def solve(self, solve):
        """Solve for the decoders of all layers, with encoders as they are.

        Parameters
        ----------
        solve : callable
            From `make_solve`.

        Returns
        -------
        rmse : (n_layers,) ndarray
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
            From `make_solve`.

        Returns
        -------
        rmse : (n_layers,) ndarray
            The root mean square error that is left, of these activities.
        """
        *first, last = self._batches
        if first:
            first = [first[k] for k in self._rng.permutation(len(first))]
        return self._run(solve, [*first, last], learn=True)

    def test(self):
        """The root mean square errors with the decoders as they are, (n_layers,)."""
        rmse = np.empty(len(self._y))
        for i, y in enumerate(self._y):
            error = self.decode(i)
            error -= y
            rmse[i] = _root_mean_square(error)
        return rmse

    def decode(self, i):
        """The outputs of layer i with the decoders as they are.

        Returns
        -------
        outputs : (n_samples, size_out) array
            Overwritten by all other methods.
        """
        (batch,) = self._batches
        for rows in batch:
            work = self._compute(i, rows)
            self._decode(i, work.activities, rows)
        return self._error

    def _run(self, solve, batches, learn):
        *first, last = batches
        layers = range(len(self._y))
        for batch in first:
            if learn:
                self._layers.update(self._gradient)
                self._gradient[...] = 0
            for i in layers:
                for rows in batch:
                    work = self._compute(i, rows, with_derivative=learn)
                    self._activities[i, rows] = work.activities
                    if learn:
                        error = self._get_error(i, work.activities, rows)
                        self._add_gradient(
                            i, work.current, work.derivative, error, rows
                        )
            if learn:
                self._gradient /= _count(batch)

        if learn:
            self._layers.update(self._gradient)
        self._gradient[...] = 0
        rmse = np.empty(len(layers))
        for i in layers:
            activities, derivative = self._compute_batch(i, last)
            self._layers.decoders[i] = solve(activities, self._y[i])
            error = self._get_error(i, activities, slice(None))
            rmse[i] = _root_mean_square(error)
            for rows in last:
                current = self._works[rows.stop - rows.start].current
                here = slice(rows.start - last[0].start, rows.stop - last[0].start)
                self._add_gradient(i, current, derivative[here], error[rows], rows)
        self._gradient /= _count(last)
        return rmse

    def _compute(self, i, rows, with_derivative=False):
        work = self._works[rows.stop - rows.start]
        inputs, weights = self._inputs[i, rows], self._layers.weights[i]
        work.compute(inputs, weights, with_derivative)
        return work

    def _compute_batch(self, i, batch):
        """The activities of all samples, and the derivative for those of a batch."""
        for rows in batch:
            work = self._compute(i, rows, with_derivative=True)
            if self._in_pieces:
                here = slice(rows.start - batch[0].start, rows.stop - batch[0].start)
                self._activities[i, rows] = work.activities
                self._derivative[here] = work.derivative
        if self._in_pieces:
            return self._activities[i], self._derivative
        return work.activities, work.derivative

    def _decode(self, i, activities, rows):
        xp = self._layers.device.namespace
        return xp.matmul(activities, self._layers.decoders[i], out=self._error[rows])

    def _get_error(self, i, activities, rows):
        error = self._decode(i, activities, rows)
        error -= self._y[i, rows]
        return error

    def _add_gradient(self, i, delta, derivative, error, rows):
        """Eqs. 2 and 3, as in `.equations`, but in place; delta is overwritten."""
        xp = self._layers.device.namespace
        gradient = self._gradient_of_piece
        # one error is spread by an outer product, for which matmul is slow in NumPy
        project = xp.multiply if error.shape[1] == 1 else xp.matmul
        project(error, self._layers.get_feedback(i).T, out=delta)
        xp.multiply(delta, derivative, out=delta)
        xp.matmul(delta.T, self._inputs[i, rows, :-1], out=gradient)
        self._gradient[i] += gradient


def _split(rows, size):
    """Rows, a slice, as slices of a size; the last may be smaller."""
    return [
        slice(start, min(start + size, rows.stop))
        for start in range(rows.start, rows.stop, size)
    ]


def _count(batch):
    return batch[-1].stop - batch[0].start


def make_solve(solver, rng, device=None):
    """Bind a Nengo solver.

    Parameters
    ----------
    solver : nengo.solvers.Solver
        `nengo.solvers.LstsqL2` is computed here, from the normal equations. Any other is
        called.
    rng : numpy.random.RandomState
        For solvers that are random.
    device : Device, optional
        Where the arrays are. Default: in NumPy.

    Returns
    -------
    solve : callable
        Takes activities, (n_samples, n_neurons), and wanted outputs, (n_samples,
        size_out), and returns decoders, (n_neurons, size_out); NaN if there are none, as
        activities are not finite, or, for `nengo.solvers.LstsqL2`, linearly dependent.
    """

    device = Device() if device is None else device

    def solve(activities, y):
        # as copies, to which a solver may write
        arrays = [to_numpy(array).copy() for array in (activities, y)]
        shape = activities.shape[1], y.shape[1]
        try:
            decoders, _ = solver(*arrays, rng=rng)
        except (ValueError, np.linalg.LinAlgError):
            # an error of the solver itself is not to be taken for divergence
            activities = to_numpy(activities)
            if np.all(np.isfinite(activities.T @ activities)):
                raise
            decoders = np.full(shape, np.nan)
        if np.shape(decoders) != shape:
            raise ValidationError(
                f"Must return decoders of shape (n_neurons, size_out) = {shape} (got "
                f"{np.shape(decoders)})",
                attr="solver",
            )
        return device.array(decoders)

    def solve_l2(activities, y):
        n_samples, n_neurons = activities.shape
        xp = device.namespace
        sigma = reg * xp.max(activities)
        gram = _compute_gram(activities)
        xp.reshape(gram, (-1,))[:: n_neurons + 1] += n_samples * sigma**2
        try:
            return xp.linalg.solve(gram, activities.T @ y)
        except (np.linalg.LinAlgError, xp.linalg.LinAlgError):
            return device.array(np.full((n_neurons, y.shape[1]), np.nan))

    # as Nengo would, but for a report on how well it went
    if type(solver) is LstsqL2 and type(solver.solver) is Cholesky:
        if not solver.solver.transpose:
            reg = solver.reg
            return solve_l2
    return solve


def _compute_gram(activities):
    if activities.shape[1] > 64 or not is_numpy_array(activities):
        return activities.T @ activities
    # For few neurons, the product of two different matrices is faster than that of a
    # matrix with itself, for which BLAS computes one half only.
    return activities.T @ activities.copy()


def _root_mean_square(error):
    xp = array_namespace(error)
    error = xp.reshape(error, (-1,))
    return float(xp.vecdot(error, error) / len(error)) ** 0.5
