"""Multiplication learned online, with and without learning of the encoders."""

from dataclasses import dataclass

import nengo
import numpy as np
from nengo.exceptions import ValidationError

from nengo_fa.geometry import angle_to_axes
from nengo_fa.networks import MultiplicationComparison

#: Time constant of the filter on the reported error, in seconds, like a reader's synapse.
READOUT = 0.02


@dataclass(frozen=True)
class OnlineResult:
    """The measurements of `run`.

    Attributes
    ----------
    seconds : float
        Simulated time.
    window : float
        Length of the first and last part of this time over which errors are averaged.
    time : (n_bins,) ndarray
        Centres of the bins of ``rmse``, in seconds.
    rmse_learned, rmse_fixed : (n_bins,) ndarray
        Root mean square error in bins of time, with learned and fixed encoders.
    encoder_time : (n_samples,) ndarray
        When ``encoders`` were sampled, in seconds, from 0.
    encoders : (n_samples, n_neurons, 2) ndarray
        Learned encoders over time, beginning with the initial encoders.
    """

    seconds: float
    window: float
    time: np.ndarray
    rmse_learned: np.ndarray
    rmse_fixed: np.ndarray
    encoder_time: np.ndarray
    encoders: np.ndarray

    @property
    def angle(self) -> np.ndarray:
        """Mean angle to the nearest diagonal over time, in radians, (n_samples,)."""
        return angle_to_axes(self.encoders).mean(axis=-1)

    @property
    def final_angle(self) -> float:
        """Mean angle to the nearest diagonal in the last window, in radians."""
        last = self.encoder_time > self.seconds - self.window
        return self.angle[last].mean()

    def before_and_after(self, rmse: np.ndarray) -> tuple[float, float]:
        """Return the error in the first and in the last window."""
        bins = max(1, round(self.window / self.seconds * len(rmse)))
        squares = rmse**2
        return np.sqrt(squares[:bins].mean()), np.sqrt(squares[-bins:].mean())

    @property
    def ratio(self) -> float:
        """Final error with learned encoders, divided by that with fixed encoders."""
        return (
            self.before_and_after(self.rmse_learned)[1]
            / self.before_and_after(self.rmse_fixed)[1]
        )

    def __str__(self):
        rows = [
            ("fixed encoders", *self.before_and_after(self.rmse_fixed)),
            ("learned encoders", *self.before_and_after(self.rmse_learned)),
        ]
        width = f"{self.window:.3g} s"
        lines = [
            f"{'RMSE of the product':24}{'first ' + width:>14}{'last ' + width:>14}"
        ]
        lines += [
            f"{name:24}{before:14.4f}{after:14.4f}" for name, before, after in rows
        ]
        lines.append(f"{'learned / fixed':38}{self.ratio:14.2f}")
        lines.append("")
        lines.append(
            "Mean angle from the encoders to the nearest diagonal: "
            f"{self.angle[0]:.2f} rad at the start, {self.final_angle:.2f} rad in the "
            f"last {width}"
        )
        return "\n".join(lines)


def run(
    model: MultiplicationComparison, seconds: float = 100.0, progress_bar: bool = True
) -> OnlineResult:
    """Simulate a comparison and measure its errors and encoders.

    Ctrl-C ends the simulation early; the measurements until then are returned.

    Parameters
    ----------
    model : nengo_fa.networks.MultiplicationComparison
        The two networks, which are not changed.
    seconds : float, optional
        Simulated time.
    progress_bar : bool, optional
        Whether to show Nengo's progress bar.

    Returns
    -------
    result : OnlineResult

    Raises
    ------
    nengo.exceptions.ValidationError
        If the model has no encoder rule.
    KeyboardInterrupt
        If Ctrl-C is pressed in the first second.
    """
    if model.learned.encode.learning_rule is None:
        raise ValidationError(
            "Must be a rule for the encoders of the learned network, such as "
            "nengo_fa.FeedbackAlignment(1), not None",
            attr="encoder_rule",
            obj=model,
        )
    with nengo.Network(add_to_container=False) as measured:
        nengo.Network.add(model)
        learned = nengo.Probe(model.learned.error, synapse=READOUT)
        fixed = nengo.Probe(model.fixed.error, synapse=READOUT)
        scaled_encoders = nengo.Probe(
            model.learned.encode.learning_rule,
            "scaled_encoders",
            sample_every=min(seconds / 200, 0.5),
        )

    # Nengo's optimizer adds numbers in an order that changes from run to run.
    with nengo.Simulator(measured, optimize=False, progress_bar=progress_bar) as sim:
        try:
            sim.run(seconds, progress_bar=progress_bar)
        except KeyboardInterrupt:
            if sim.time < 1:
                raise

    built = sim.data[model.learned.hidden]
    encoders = sim.data[scaled_encoders] * (
        model.learned.hidden.radius / built.gain[:, np.newaxis]
    )
    return OnlineResult(
        **_summarize(sim.data[learned], sim.data[fixed], sim.dt),
        encoder_time=np.arange(len(encoders) + 1) * scaled_encoders.sample_every,
        encoders=np.concatenate([built.encoders[np.newaxis], encoders]),
    )


def _summarize(learned, fixed, dt):
    """Return errors in bins of time, and its length, by the names of `OnlineResult`."""
    # Ctrl-C may come between two probes, so that one of them lacks the last sample.
    n_steps = min(len(learned), len(fixed))
    n_bins = int(min(100, max(2, n_steps * dt)))
    time = np.arange(1, n_steps + 1) * dt
    return {
        "seconds": float(time[-1]),
        "window": min(10.0, time[-1] / 2),
        "time": _bin(time, n_bins, np.mean),
        "rmse_learned": _bin(learned[:n_steps], n_bins, _root_mean_square),
        "rmse_fixed": _bin(fixed[:n_steps], n_bins, _root_mean_square),
    }


def _bin(values, n_bins, average):
    return np.array([average(part) for part in np.array_split(values, n_bins)])


def _root_mean_square(values):
    return np.sqrt(np.mean(values**2))
