"""Offline training of many networks side by side, epoch by epoch."""

import numpy as np
from nengo.solvers import LstsqL2

from nengo_fa.offline.layers import make_chain
from nengo_fa.offline.metrics import Metrics
from nengo_fa.offline.samples import Samples
from nengo_fa.offline.solving import make_solve
from nengo_fa.offline.turn import find_rates, find_rounding, needs_rate


class Trainer:
    """Trains networks that are alike but for their random parameters, side by side.

    What `.train` does with one network, without its checks, and without writing back what
    was learned: encoders and decoders are in ``chain``. Where learning diverges it goes on,
    with errors that are not finite.

    Parameters
    ----------
    paths : sequence of Path
        From `.find_path`, one for each network.
    x : sequence of (n_samples, size_in) array_like
        Samples of the input, for each network.
    y : sequence of (n_samples, size_out) array_like
        The outputs that are wanted for them.
    batch_size : int, optional
        Number of samples for each update of the encoders. Default: all.
    solver : nengo.solvers.Solver, optional
        For the decoders. Default: `nengo.solvers.LstsqL2`.
    presentation_time : float, optional
        For how long activities are measured, in seconds. By default they are rates.
    dt : float, optional
        Time step of measured activities, in seconds.
    rng : numpy.random.RandomState, optional
        For batches, measured activities and random solvers.
    measure_rng : numpy.random.RandomState, optional
        For measured activities. Default: ``rng``.
    device : Device, optional
        Where to compute. Default: in NumPy.
    turn : float, optional
        As for `.train`; each network has learning rates of its own for it.

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
        """Multiplications for the currents and the decoders, in an epoch of a network."""
        n_samples = len(self._y[0])
        shapes = [layer.weights.shape[1:] for layer in self.chain.layers]
        n_weights = sum(size_in * n_neurons for size_in, n_neurons in shapes)
        return n_samples * (n_weights + shapes[-1][1] ** 2)

    @property
    def gradients(self):
        """The gradients that wait to be followed in the next epoch, one array per layer.

        (n_networks, n_neurons, dimensions) each, in the input weights; overwritten.
        """
        return self._samples.gradients

    def solve(self):
        """Solve for the decoders, with encoders as they are; comes before the first epoch.

        Returns the root mean square errors that are left, (n_networks,).
        """
        with self._quiet():
            rmse = self._samples.solve(self._solve)
            self._find_rates(rmse)
        return rmse

    def _find_rates(self, rmse):
        """Set the learning rates that are yet to be found, once there are decoders."""
        found, self._to_find = self._to_find, []
        if not found:
            return
        layers = [self.chain.layers[k] for k in found]
        batches = self._samples.find_gradients()
        batches = ([gradients[k] for k in found] for gradients in batches)
        # rounding errors point nowhere, and rates that turn encoders by them are huge
        is_wrong = rmse > [find_rounding(y) for y in self._y]
        for layer, rates in zip(layers, find_rates(layers, batches, self._turn)):
            layer.set_learning_rates(rates * is_wrong)

    def learn(self, factor=1.0):
        """Run one epoch, as `.Samples.learn`; returns what `solve` does.

        All learning rates are multiplied by the factor.
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
            From 0, with nothing learned yet, to ``epochs``. With several batches the last
            one comes twice: at last, decoders are solved for from all activities of the
            final encoders.
        rmse : (n_networks,) ndarray
            The root mean square error that is left after it.
        """
        yield 0, self.solve()
        for epoch in range(1, epochs + 1):
            yield epoch, self.learn()
        if self.in_batches:
            yield epochs, self.solve()

    def make_test(self, x, y, rng=None):
        """Return other samples, to `.Samples.test` or `.Samples.decode` at any time.

        For measured activities, ``rng`` must not be that of the training, which is to be
        the same with the test and without.
        """
        x, measures = self._prepare(x, rng)
        return Samples(self.chain, x, y, measures=measures)

    def make_metrics(self, rng):
        """Return the `.Metrics` of a single network, with an ``rng`` of their own."""
        _, measures = self._paths[0].make_measures(*self._measured, rng)
        (x,), (y,) = self._x, self._y
        return Metrics(self.chain, x, y, rng, measures)

    def _prepare(self, x, rng):
        """The samples as they reach the first layer, and how activities are measured."""
        first, measures = self._paths[0].make_measures(*self._measured, rng)
        x = [
            path.get_ensemble_input(values, first)
            for path, values in zip(self._paths, x)
        ]
        return x, measures

    @staticmethod
    def _quiet():
        """What diverges shows in the error."""
        return np.errstate(over="ignore", invalid="ignore", divide="ignore")
