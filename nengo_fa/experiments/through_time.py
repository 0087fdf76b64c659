"""Recurrent weights that learn offline from random feedback and from the exact gradient."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import nengo
import numpy as np
import xarray as xr
from nengo.solvers import LstsqL2

from nengo_fa import equations
from nengo_fa.experiments.recurrent import draw_clocked_network, draw_pattern
from nengo_fa.experiments.sweep.claims import Claim, Comparison, check_table, cross
from nengo_fa.experiments.sweep.experiment import Experiment
from nengo_fa.experiments.sweep.parameter_checks import check_counts
from nengo_fa.experiments.sweep.trials import hide_nan, make_template
from nengo_fa.rules.derivatives import Rate

#: Time step, and time constant of the recurrent connection and of the output, in seconds.
DT, TAU = 0.005, 0.02

#: Delays after which a value has to be recalled, in milliseconds.
DELAYS = (0, 50, 100, 200)
#: Time for which a value is shown, and for which it has to be recalled, in milliseconds.
SHOWN = 100
#: Number of values in a presentation.
N_VALUES = 16

#: The tasks, and their delays, or None.
TASKS = {"pattern": None, **{f"recall, {delay} ms": delay for delay in DELAYS}}

#: The signals from which the recurrent weights learn.
RULES = ("fixed", "random feedback", "decoders as feedback", "through time")
#: Learning rates of the recurrent weights, per update.
RATES = (1.0, 3.0, 9.0)


@dataclass(frozen=True)
class ThroughTime(Experiment):
    """Random feedback compared with backpropagation through time, with rate neurons.

    The recurrent networks are drawn like those of `.RecurrentExperiment`, with rate neurons.
    After each presentation of a task, the recurrent weights are updated once, and the
    decoders are solved for, as in `.train`. In each trial, the initial network is the same
    for all tasks, rules and learning rates.

    Parameters
    ----------
    n_trials : int
    presentations : int
        Number of updates. In the results, they replace epochs.
    n_neurons : int
    seed : int

    Raises
    ------
    nengo.exceptions.ValidationError
        If counts are not above zero.
    """

    n_trials: int = 10
    presentations: int = 120
    n_neurons: int = 60
    seed: int = 0

    name = "through time"

    def __post_init__(self):
        check_counts(self, "n_trials", "presentations", "n_neurons")

    @property
    def epochs(self) -> int:
        """Number of presentations."""
        return self.presentations

    @property
    def chunks(self) -> dict[str, int]:
        """A trial is a part."""
        return {"trial": 1}

    def with_epochs(self, epochs: int) -> Self:
        """Return the same experiment with another number of presentations."""
        return replace(self, presentations=epochs)

    def make_template(self) -> xr.Dataset:
        """Make a dataset for the results of all trials, full of NaN."""
        coordinates = {
            "task": list(TASKS),
            "rule": RULES,
            "learning_rate": RATES,
            "trial": range(self.n_trials),
        }
        description = "root mean square error relative to the target, after learning"
        variables = {"rmse": (list(coordinates), {"long_name": description})}
        return make_template(coordinates, variables, "Gradients through time")

    def run(self, trial: range) -> dict[str, np.ndarray]:
        """Run some trials, by their numbers."""
        rmse = np.empty((len(TASKS), len(RULES), len(RATES), len(trial)))
        for i, task in enumerate(TASKS):
            for j, rule in enumerate(RULES):
                # without learning, the rate does not matter
                rates = RATES if rule != "fixed" else RATES[:1]
                for k, number in enumerate(trial):
                    rmse[i, j, :, k] = [
                        self._learn(task, rule, rate, number) for rate in rates
                    ]
        return hide_nan({"rmse": rmse})

    def _learn(self, task, rule, learning_rate, trial):
        rng = np.random.RandomState([self.seed, trial])
        network = RateNetwork(self.n_neurons, rng)
        draw = make_task(TASKS[task], rng)
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(self.presentations):
                network.learn(*draw(), rule, learning_rate)
            return network.find_error(*draw())


class RateNetwork:
    """A recurrent network of LIF rate neurons, and its output.

    Its recurrent connection and its output share a low-pass filter, which is zero at the
    beginning of each presentation.

    Parameters
    ----------
    n_neurons : int
    rng : numpy.random.RandomState
        Draws weights and biases.

    Attributes
    ----------
    weights : (n_neurons, n_neurons) ndarray
        Weights of the recurrent connection.
    decoders : (1, n_neurons) ndarray
    feedback : (n_neurons, 1) ndarray
        Feedback weights with random signs.
    """

    neuron_type = nengo.LIFRate(amplitude=0.01)
    derivative = Rate()
    solver = LstsqL2(reg=0.03)
    decay = np.exp(-DT / TAU)

    def __init__(self, n_neurons: int, rng: np.random.RandomState) -> None:
        self.weights, self.bias, self.input_weights = draw_clocked_network(
            n_neurons, rng
        )
        self.feedback = rng.choice([-1.0, 1.0], size=(n_neurons, 1))
        self.decoders = np.zeros((1, n_neurons))

    def run(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the filtered activities and the currents in all time steps.

        Parameters
        ----------
        u : (n_samples, n_steps, 2) ndarray

        Returns
        -------
        x : (n_samples, n_steps + 1, n_neurons) ndarray
            The filtered activities, zero at first.
        current : (n_samples, n_steps, n_neurons) ndarray
        """
        current = u @ self.input_weights.T + self.bias
        x = np.zeros((len(u), u.shape[1] + 1, len(self.bias)))
        rates = np.empty_like(x[:, 0])
        for step in range(u.shape[1]):
            current[:, step] += x[:, step] @ self.weights.T
            self.neuron_type.step(DT, current[:, step], rates)
            x[:, step + 1] = self.decay * x[:, step] + (1 - self.decay) * rates
        return x, current

    def find_error(
        self, u: np.ndarray, target: np.ndarray, counts: np.ndarray
    ) -> float:
        """Return the root mean square error relative to the target, while outputs count."""
        error = (self.run(u)[0][:, 1:] @ self.decoders.T - target) * counts
        return np.sqrt(np.sum(error**2) / np.sum((target * counts) ** 2))

    def learn(
        self,
        u: np.ndarray,
        target: np.ndarray,
        counts: np.ndarray,
        rule: str,
        learning_rate: float,
    ) -> None:
        """Update the recurrent weights once, and solve for the decoders.

        Parameters
        ----------
        u, target : (n_samples, n_steps, ...) ndarray
        counts : (n_steps, 1) ndarray of bool
            The times at which the output counts.
        rule : str
            One of `RULES`.
        learning_rate : float
        """
        x, current = self.run(u)
        if not np.all(np.isfinite(x)):
            return
        when = counts[:, 0]
        reached = x[:, 1:][:, when].reshape(-1, x.shape[2])
        wanted = target[:, when].reshape(-1, 1)
        self.decoders = self.solver(reached, wanted)[0].T
        if rule != "fixed":
            error = (x[:, 1:] @ self.decoders.T - target) * counts
            gradient = self.find_gradient(error, x[:, :-1], current, rule)
            self.weights -= learning_rate * gradient

    def find_gradient(
        self, error: np.ndarray, x: np.ndarray, current: np.ndarray, rule: str
    ) -> np.ndarray:
        """Return the gradient in the recurrent weights by one of `RULES`."""
        is_random = rule == "random feedback"
        return np.mean(
            equations.gradient_through_time(
                error,
                self.feedback.T if is_random else self.decoders,
                self.derivative(self.neuron_type, current),
                x,
                self.weights * (rule == "through time"),
                self.decay,
            ),
            axis=0,
        )


def make_task(delay: int | None, rng: np.random.RandomState) -> Callable:
    """Make a function that draws presentations of a task.

    Parameters
    ----------
    delay : int or None
        Time for which a value has to be remembered, in milliseconds; None for a pattern of a
        second, with a clock as input.
    rng : numpy.random.RandomState

    Returns
    -------
    draw : callable
        Returns input, (n_samples, n_steps, 2); target, (n_samples, n_steps, 1); and the
        times at which the target counts, (n_steps, 1).
    """
    if delay is not None:
        return lambda: draw_recall(delay, rng)
    t = np.arange(1, round(1 / DT) + 1) * DT
    clock = np.stack([np.sin(2 * np.pi * t), np.cos(2 * np.pi * t)], axis=-1)
    target = draw_pattern(rng)(t)[:, np.newaxis]
    presentation = clock[np.newaxis], target[np.newaxis], np.ones((len(t), 1), bool)
    return lambda: presentation


def draw_recall(
    delay: int, rng: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw values that are shown and have to be recalled after a signal.

    See `make_task`.
    """
    n_shown, n_delay = round(SHOWN / 1000 / DT), round(delay / 1000 / DT)
    n_steps = 2 * n_shown + n_delay
    values = rng.uniform(-1, 1, size=(N_VALUES, 1))
    u = np.zeros((N_VALUES, n_steps, 2))
    u[:, :n_shown, 0] = values
    u[:, -n_shown:, 1] = 1
    target = np.tile(values[:, np.newaxis], (1, n_steps, 1))
    return u, target, np.arange(n_steps)[:, np.newaxis] >= n_steps - n_shown


def choose_rates(data: xr.Dataset) -> xr.Dataset:
    """Return errors at learning rates that were chosen in other trials.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `ThroughTime`.

    Returns
    -------
    chosen : xarray.Dataset
        ``rmse`` and ``learning_rate``, (task, rule, trial). The rate of each trial has the
        lowest median error over all other trials.
    """
    rmse = data["rmse"]
    parts = []
    for trial in data["trial"].values:
        others = rmse.where(rmse["trial"] != trial, drop=True)
        others = others if others.sizes["trial"] else rmse
        rate = others.median("trial").idxmin("learning_rate")
        chosen = rmse.sel(trial=trial).sel(learning_rate=rate)
        parts.append(chosen.reset_coords("learning_rate"))
    return xr.concat(parts, dim="trial")


def check_claims(data: xr.Dataset) -> list[Claim]:
    """Test claims about the exact gradient and random feedback with the data.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `ThroughTime`.

    Returns
    -------
    claims : list of nengo_fa.experiments.sweep.claims.Claim
    """
    statements = {
        ("random feedback", "fixed"): "Random feedback ends with a smaller error than "
        "fixed recurrent weights",
        ("through time", "random feedback"): "Backpropagation through time ends with "
        "a smaller error than random feedback",
        (
            "decoders as feedback",
            "random feedback",
        ): "The decoders as feedback weights, with the same trace, end with a smaller "
        "error than random feedback",
    }
    return check_table(
        choose_rates(data),
        (
            Comparison(
                statement,
                rules,
                cross("{task}", task=TASKS),
                ("rmse", {"rule": rules[0]}),
                ("rmse", {"rule": rules[1]}),
            )
            for rules, statement in statements.items()
        ),
    )


def report(data: xr.Dataset) -> str:
    """Return the median errors of all rules in all tasks as text."""
    median = choose_rates(data)["rmse"].median("trial")
    lines = [
        "Offline, in rates: errors relative to the target, medians",
        f"  {'':16}" + "".join(f"{name:>22}" for name in RULES),
    ]
    for task in data["task"].values:
        row = median.sel(task=task)
        errors = (float(row.sel(rule=name)) for name in RULES)
        lines.append(f"  {task:16}" + "".join(f"{error:22.3f}" for error in errors))
    return "\n".join(lines)
