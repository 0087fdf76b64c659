"""Code of a user, for mypy, which must find the errors that ``ignore`` marks."""

import nengo
import numpy as np

import nengo_fa
from nengo_fa import equations, plots
from nengo_fa.experiments.multiplication import MultiplicationExperiment

rule = nengo_fa.FeedbackAlignment(
    1, learning_rate=0.1, derivative=nengo_fa.Rate(), normalization="forced"
)
nengo_fa.FeedbackAlignment("1")  # type: ignore[arg-type]
nengo_fa.FeedbackAlignment(1, derivative=0.5)  # type: ignore[arg-type]
nengo_fa.FeedbackAlignment(1, rate=0.1)  # type: ignore[call-arg]
twice_the_rate: float = 2 * rule.learning_rate


class Hebbian(nengo_fa.EncoderLearningRule):
    arrays = ("output",)

    def make_step(self, out, output):
        return lambda: np.negative(output, out=out)


def train(connection: nengo.Connection, x: np.ndarray) -> np.ndarray:
    history = nengo_fa.train(connection, x, [[0.0], [1.0]], epochs=3, solver=None)
    nengo_fa.train(connection, x, x, epochs="3")  # type: ignore[arg-type]
    print(history.rmse_of_the_day)  # type: ignore[union-attr]
    return history.rmse


def draw() -> None:
    figure = plots.learning_curves(MultiplicationExperiment(n_trials=2).run_here())
    figure.savefig("figure.png")
    plots.layer_metrics([1.0])  # type: ignore[arg-type]


directions: np.ndarray = nengo_fa.geometry.angle_to_axes([[1.0, 0.0]])
equations.encoder_update(directions, directions, directions, 0.1, "augmented")
nengo_fa.datasets.load(3)  # type: ignore[arg-type]
