"""What an epoch of offline training computes, in arrays that are allocated once."""

import numpy as np
from nengo.exceptions import ValidationError
from nengo.rc import rc
from nengo.solvers import LstsqL2
from nengo.utils.least_squares_solvers import Cholesky

from nengo_fa.activities import make_step_measured, make_step_rates
from nengo_fa.equations import encoder_update


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

    Attributes
    ----------
    encoders : (n_layers, n_neurons, dimensions) ndarray
    decoders : list of (n_neurons, size_out) ndarray
        Once they have been solved for.
    weights : (n_layers, dimensions + 1, n_neurons) ndarray
        Encoders times scale, transposed, above the bias: the weight of an input of one, so
        that a single product gives the currents.
    """

    def __init__(
        self, rule, neuron_type, encoders, scale, bias, feedback=None, columns=None
    ):
        self.neuron_type = neuron_type
        self.derivative = rule.derivative
        self._learning_rate = rule.learning_rate
        self._normalization = rule.normalization
        self.encoders = np.array(encoders, dtype=rc.float_dtype)
        self._scale = np.asarray(scale, dtype=rc.float_dtype)
        self._columns = columns
        n_layers, n_neurons, dimensions = self.encoders.shape
        self._feedback = feedback
        if feedback is not None:
            self._feedback = np.asarray(feedback, dtype=rc.float_dtype)
        self.decoders = [None] * n_layers
        self.weights = np.empty(
            (n_layers, dimensions + 1, n_neurons), dtype=rc.float_dtype
        )
        self.weights[:, -1] = bias
        self._set_weights()

    def get_feedback(self, i):
        """What projects the error onto the neurons of layer i, (n_neurons, size_out)."""
        return self.decoders[i] if self._feedback is None else self._feedback[i]

    def update(self, gradient):
        """Take a step down gradients in the input weights, of the shape of encoders."""
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
        encoders = np.swapaxes(self.encoders, 1, 2)
        np.multiply(encoders, self._scale[:, np.newaxis], out=self.weights[:, :-1])


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
    activities, derivative : (n_samples, n_neurons) ndarray
    current : (n_samples, n_neurons) ndarray
        Not needed any more after `compute`, and so room for other things.
    """

    def __init__(self, layers, n_samples, measure=None):
        shape = n_samples, layers.encoders.shape[1]
        self.current = np.empty(shape, dtype=rc.float_dtype)
        self.activities = np.empty_like(self.current)
        self.derivative = np.empty_like(self.current)
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
        np.dot(inputs, weights, out=self.current)
        (self._step_with_derivative if with_derivative else self._step)()


class Samples:
    """Samples of the input of each layer, and the outputs that are wanted for them.

    Parameters
    ----------
    layers : Layers
    x : (n_layers, n_samples, dimensions) array_like
    y : (n_layers, n_samples, size_out) array_like
    batch_size : int, optional
        Number of samples for each update of the encoders. Default: all.
    measure : dict, optional
        As for `Activities`.
    rng : numpy.random.RandomState, optional
        For the order of the samples, if they are divided into batches.
    """

    def __init__(self, layers, x, y, batch_size=None, measure=None, rng=None):
        n_layers, n_samples, dimensions = np.shape(x)
        self._layers = layers
        self._rng = rng
        shape = n_layers, n_samples, dimensions + 1
        self._inputs = np.ones(shape, dtype=rc.float_dtype)
        self._inputs[..., :-1] = x
        self._y = np.array(y, dtype=rc.float_dtype)
        self._gradient = np.empty_like(layers.encoders)

        batch_size = n_samples if batch_size is None else batch_size
        starts = range(0, n_samples, batch_size)
        self._batches = [slice(i, min(i + batch_size, n_samples)) for i in starts]
        self._works = {
            size: Activities(layers, size, measure)
            for size in {batch.stop - batch.start for batch in self._batches}
        }
        if len(self._batches) > 1:
            order = rng.permutation(n_samples)
            self._inputs, self._y = self._inputs[:, order], self._y[:, order]
            shape = n_samples, layers.encoders.shape[1]
            self._activities = np.empty(shape, dtype=rc.float_dtype)

    def solve(self, solve):
        """Solve for the decoders of all layers.

        Parameters
        ----------
        solve : callable
            From `make_solve`.

        Returns
        -------
        rmse : (n_layers,) ndarray
            The root mean square error that is left.
        """
        # Where all samples are one batch, this is also when they are at hand to find
        # the gradient for the next update.
        whole = len(self._batches) == 1
        rmse = np.empty(len(self._inputs))
        for i, y in enumerate(self._y):
            activities = self._forward(i, with_derivative=whole)
            decoders = solve(activities, y)
            self._layers.decoders[i] = np.asarray(decoders, dtype=rc.float_dtype)
            error = self._get_error(i, activities, y)
            rmse[i] = _root_mean_square(error)
            if whole:
                self._find_gradient(i, *self._works.values(), error, self._inputs[i])
        return rmse

    def test(self):
        """The root mean square errors with the decoders as they are, (n_layers,)."""
        return np.array(
            [
                _root_mean_square(self._get_error(i, self._forward(i), y))
                for i, y in enumerate(self._y)
            ]
        )

    def update_encoders(self):
        """Update the encoders of all layers, once for each batch."""
        if len(self._batches) == 1:
            self._layers.update(self._gradient)
            return
        for k in self._rng.permutation(len(self._batches)):
            batch = self._batches[k]
            work = self._get_work(batch)
            for i, (inputs, y) in enumerate(zip(self._inputs, self._y)):
                work.compute(inputs[batch], self._layers.weights[i], True)
                error = self._get_error(i, work.activities, y[batch])
                self._find_gradient(i, work, error, inputs[batch])
            self._layers.update(self._gradient)

    def _get_work(self, batch):
        return self._works[batch.stop - batch.start]

    def _forward(self, i, with_derivative=False):
        """The activities of layer i for all samples."""
        inputs, weights = self._inputs[i], self._layers.weights[i]
        if len(self._batches) == 1:
            (work,) = self._works.values()
            work.compute(inputs, weights, with_derivative)
            return work.activities
        for batch in self._batches:
            work = self._get_work(batch)
            work.compute(inputs[batch], weights, with_derivative)
            self._activities[batch] = work.activities
        return self._activities

    def _get_error(self, i, activities, y):
        error = np.dot(activities, self._layers.decoders[i])
        return np.subtract(error, y, out=error)

    def _find_gradient(self, i, work, error, inputs):
        """Eqs. 2 and 3, as in `.equations`, but in place."""
        delta = work.current
        np.dot(error, self._layers.get_feedback(i).T, out=delta)
        np.multiply(delta, work.derivative, out=delta)
        np.dot(delta.T, inputs[:, :-1], out=self._gradient[i])
        self._gradient[i] /= len(inputs)


def make_solve(solver, rng):
    """Bind a Nengo solver.

    Parameters
    ----------
    solver : nengo.solvers.Solver
        `nengo.solvers.LstsqL2` is computed here, from the normal equations. Any other is
        called.
    rng : numpy.random.RandomState
        For solvers that are random.

    Returns
    -------
    solve : callable
        Takes activities, (n_samples, n_neurons), and wanted outputs, (n_samples,
        size_out), and returns decoders, (n_neurons, size_out); NaN if there are none, as
        activities are not finite, or, for `nengo.solvers.LstsqL2`, linearly dependent.
    """

    def solve(activities, y):
        try:
            # copies, as a solver may write to what it gets
            decoders, _ = solver(activities.copy(), y.copy(), rng=rng)
        except (ValueError, np.linalg.LinAlgError):
            # an error of the solver itself is not to be taken for divergence
            if np.all(np.isfinite(activities.T @ activities)):
                raise
            return np.full((activities.shape[1], y.shape[1]), np.nan)
        if np.shape(decoders) != (activities.shape[1], y.shape[1]):
            raise ValidationError(
                f"Must return decoders of shape (n_neurons, size_out) = "
                f"{(activities.shape[1], y.shape[1])} (got {np.shape(decoders)})",
                attr="solver",
            )
        return decoders

    def solve_l2(activities, y):
        n_samples, n_neurons = activities.shape
        sigma = reg * activities.max()
        gram = _compute_gram(activities)
        gram.reshape(-1)[:: n_neurons + 1] += n_samples * sigma**2
        try:
            return np.linalg.solve(gram, np.dot(activities.T, y))
        except np.linalg.LinAlgError:
            return np.full((n_neurons, y.shape[1]), np.nan)

    # as Nengo would, but for a report on how well it went
    if type(solver) is LstsqL2 and type(solver.solver) is Cholesky:
        if not solver.solver.transpose:
            reg = solver.reg
            return solve_l2
    return solve


def _compute_gram(activities):
    if activities.shape[1] > 64:
        return activities.T @ activities
    # For few neurons, the product of two different matrices is faster than that of a
    # matrix with itself, for which BLAS computes one half only.
    return activities.T @ activities.copy()


def _root_mean_square(error):
    return np.sqrt(np.vdot(error, error) / error.size)
