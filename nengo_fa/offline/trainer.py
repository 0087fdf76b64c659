"""Offline training of many networks side by side, epoch by epoch."""

import numpy as np
from nengo.solvers import LstsqL2

from nengo_fa.offline.layers import make_chain
from nengo_fa.offline.metrics import Metrics
from nengo_fa.offline.samples import Samples
from nengo_fa.offline.solving import make_solve
from nengo_fa.offline.turn import find_rates, find_rounding, needs_rate


class Trainer:
    """Trains networks side by side, which may differ only in their random parameters.

    A trainer does for many networks what `.train` does for one, without its checks. Learned
    encoders and decoders stay in ``chain`` and are not written to the network. If learning
    diverges, it continues, and the errors are not finite.

    Parameters
    ----------
    paths : sequence of Path
        A path from `.find_path` for each network.
    x : sequence of (n_samples, size_in) array_like
        Samples of the input, for each network.
    y : sequence of (n_samples, size_out) array_like
        The desired outputs, for each network.
    batch_size : int, optional
        Number of samples for each update of the encoders. Default: all.
    solver : nengo.solvers.Solver, optional
        Solver for the decoders. Default: `nengo.solvers.LstsqL2`.
    presentation_time : float, optional
        Time for which activities are measured, in seconds. By default, they are rates.
    dt : float, optional
        Time step of measured activities, in seconds.
    rng : numpy.random.RandomState, optional
        Draws batches, measured activities and the numbers of random solvers.
    measure_rng : numpy.random.RandomState, optional
        Draws measured activities. Default: ``rng``.
    device : Device, optional
        The device to compute on. Default: NumPy.
    turn : float, optional
        As for `.train`. Each network has its own learning rates, which make this turn.

    Attributes
    ----------
    chain : Chain
        The taught layers, with encoders, (n_networks, n_neurons, dimensions) each, and
        decoders of each network, (n_neurons, size_out).

    Examples
    --------
    >>> with nengo.Network(seed=1) as model:
    ...     stimulus, output = nengo.Node(size_in=2), nengo.Node(size_in=1)
    ...     hidden = nengo.Ensemble(20, 2)
    ...     encode = nengo.Connection(
    ...         stimulus, hidden, learning_rule_type=nengo_fa.FeedbackAlignment(1))
    ...     decode = nengo.Connection(hidden, output, function=np.prod)
    >>> path = nengo_fa.offline.walk_back.find_path(decode, model)
    >>> x = nengo.dists.UniformHypersphere().sample(1000, 2, rng=np.random.RandomState(0))
    >>> trainer = nengo_fa.offline.trainer.Trainer([path], [x], [x[:, :1] * x[:, 1:]])
    >>> rmse = [rmse for epoch, rmse in trainer.run(epochs=3)]
    >>> trainer.chain.layers[0].encoders.shape
    (1, 20, 2)
    """

    def __init__(
        self,
        paths,
        x,
        y,
        batch_size=None,
        solver=None,
        presentation_time=None,
        dt=0.001,
        rng=None,
        measure_rng=None,
        device=None,
        turn=None,
    ):
        self._paths, self._measured = paths, (presentation_time, dt)
        self.chain = make_chain(paths, device)
        self._turn = turn
        layers = enumerate(self.chain.layers)
        self._to_find = [k for k, layer in layers if needs_rate(layer, turn)]
        solver = LstsqL2() if solver is None else solver
        self._solve = make_solve(solver, rng, device)
        measure_rng = rng if measure_rng is None else measure_rng
        self._x, measures = self._prepare(x, measure_rng)
        self._y = y
        self._samples = Samples(self.chain, self._x, y, batch_size, measures, rng)

    @property
    def in_batches(self):
        """Whether there are several updates of the encoders in an epoch."""
        return self._samples.in_batches

    @property
    def n_products(self):
        """Number of multiplications for currents and decoders in an epoch of a network."""
        n_samples = len(self._y[0])
        shapes = [layer.weights.shape[1:] for layer in self.chain.layers]
        n_weights = sum(size_in * n_neurons for size_in, n_neurons in shapes)
        return n_samples * (n_weights + shapes[-1][1] ** 2)

    @property
    def gradients(self):
        """The gradients that encoders follow in the next epoch, an array for each layer.

        Each is (n_networks, n_neurons, dimensions), in the input weights. They are
        overwritten.
        """
        return self._samples.gradients

    def solve(self):
        """Solve for the decoders with the current encoders, before the first epoch.

        Returns the remaining root mean square errors, (n_networks,).
        """
        with self._quiet():
            rmse = self._samples.solve(self._solve)
            self._find_rates(rmse)
        return rmse

    def _find_rates(self, rmse):
        """Set the learning rates that follow from turns, after solving for the decoders."""
        found, self._to_find = self._to_find, []
        if not found:
            return
        layers = [self.chain.layers[k] for k in found]
        batches = self._samples.find_gradients()
        batches = ([gradients[k] for k in found] for gradients in batches)
        # rounding errors have no direction, and would lead to huge learning rates
        is_wrong = rmse > [find_rounding(y) for y in self._y]
        for layer, rates in zip(layers, find_rates(layers, batches, self._turn)):
            layer.set_learning_rates(rates * is_wrong)

    def learn(self, factor=1.0):
        """Run one epoch, as `.Samples.learn`; return the same errors as `solve`.

        The factor multiplies all learning rates.
        """
        for layer in self.chain.layers:
            layer.scale_learning_rates(factor)
        with self._quiet():
            return self._samples.learn(self._solve)

    def run(self, epochs):
        """Run some epochs.

        Parameters
        ----------
        epochs : int

        Yields
        ------
        epoch : int
            From 0, before learning, to ``epochs``. With several batches, the last epoch is
            yielded twice: the second time after solving for the decoders with the
            activities of all samples.
        rmse : (n_networks,) ndarray
            Root mean square error after this epoch.
        """
        yield 0, self.solve()
        for epoch in range(1, epochs + 1):
            yield epoch, self.learn()
        if self.in_batches:
            yield epochs, self.solve()

    def make_test(self, x, y, rng=None):
        """Return `.Samples` to test or to decode at any time.

        For measured activities, ``rng`` must differ from the random state of the training,
        so that tests do not change the training.
        """
        x, measures = self._prepare(x, rng)
        return Samples(self.chain, x, y, measures=measures)

    def make_metrics(self, rng):
        """Return the `.Metrics` of a single network, with their own ``rng``."""
        _, measures = self._paths[0].make_measures(*self._measured, rng)
        (x,), (y,) = self._x, self._y
        return Metrics(self.chain, x, y, rng, measures)

    def _prepare(self, x, rng):
        """Return samples as inputs of the first layer, and how to measure activities."""
        first, measures = self._paths[0].make_measures(*self._measured, rng)
        x = [
            path.get_ensemble_input(values, first)
            for path, values in zip(self._paths, x)
        ]
        return x, measures

    @staticmethod
    def _quiet():
        """Silence NumPy's warnings; divergence shows in the error."""
        return np.errstate(over="ignore", invalid="ignore", divide="ignore")
