"""Nodes that show how a rule changes the encoders of an ensemble."""

from collections.abc import Callable
from typing import Any

import nengo
import numpy as np
from nengo.connection import Connection
from nengo.exceptions import ValidationError
from nengo.node import Node
from nengo.utils.numpy import is_integer

from nengo_fa.geometry import disc
from nengo_fa.gui import views
from nengo_fa.gui.nodes import View, count_steps
from nengo_fa.gui.teaching import LiveTeaching, Teaching
from nengo_fa.palette import LEARNED
from nengo_fa.pyramidal.burst_learning import BurstLearning
from nengo_fa.rules.responses import get_response, make_step_rates

# Number of points along each side of the maps. Larger images take more time.
N_POINTS = 24
N_POINTS_ERROR = 16

# The velocity of an encoder is a mean over the first time, in seconds. The arrow shows how
# far the encoder moves in the second time.
TAU_PACE = 1.0
SECONDS_AHEAD = 2.0


class TeachingView(View):
    """A view of the encoders of an ensemble, and of one of its neurons.

    Parameters
    ----------
    encode : nengo.Connection
        A connection to an ensemble with two dimensions, with a rule that teaches the
        encoders.
    neuron : int or nengo.Node, optional
        Index of the neuron to show, or a node whose output is this index, such as a slider.
    label : str, optional
    period : float, optional
        Time between two drawings, in simulated seconds.
    decode : nengo.Connection, optional
        The connection from the ensemble to the output whose error teaches.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the connection does not teach encoders, if the ensemble does not have two
        dimensions, or if the neuron does not exist.
    """

    def __init__(self, encode, neuron=0, label=None, period=0.05, decode=None):
        self.teaching = Teaching(encode, decode)
        n_neurons = self.teaching.ensemble.n_neurons
        self.neuron = neuron if is_integer(neuron) else None
        if self.neuron is not None and not 0 <= neuron < n_neurons:
            raise ValidationError(
                f"Must be the index of one of {n_neurons} neurons (got {neuron})",
                attr="neuron",
            )
        if self.neuron is None and not (
            isinstance(neuron, Node) and neuron.size_out == 1
        ):
            raise ValidationError(
                f"Must be an index, or a node with one output (got {neuron!r})",
                attr="neuron",
            )
        size_in = int(self.neuron is None)
        self.check()
        super().__init__(label or self.title, size_in=size_in, period=period)
        if self.neuron is None:
            Connection(neuron, self, synapse=None)

    def check(self):
        """Refuse arguments that cannot be shown, before objects are added to the model."""

    def get_signals(self, model):
        return self.teaching.get_signals(model)

    def make_step(self, model, arrays, dt):
        draw = self.make_draw(LiveTeaching(self.teaching, model, arrays), dt)
        last = self.teaching.ensemble.n_neurons - 1

        def step(x, is_due):
            if not is_due:
                return None
            neuron = self.neuron if x is None else min(max(round(x.item()), 0), last)
            return draw(neuron)

        return step

    def make_draw(self, live, dt):
        """Bind the drawing to one simulator.

        Parameters
        ----------
        live : nengo_fa.gui.teaching.LiveTeaching
        dt : float
            Time step in seconds.

        Returns
        -------
        draw : callable
            Takes the index of a neuron and returns a document.
        """
        raise NotImplementedError("Views of a rule must provide make_draw")


class PreferredDirections(TeachingView):
    """Shows the encoders at the start and now, in the plane, and the current input.

    The chosen neuron is highlighted, with its preferred error direction: its feedback
    weights or, with backpropagation, its decoders. With `nengo_fa.BurstLearning`, the apical
    potential in logits is shown instead: above zero, bursts turn the encoder away from the
    input; below zero, single spikes turn it towards the input. An arrow shows where the
    encoder would be in two seconds if it moved on as in the last second. The label is the
    title.

    Parameters
    ----------
    encode, neuron, label, period
        As for `.TeachingView`.
    colour : str, optional
        Colour of the encoders, such as those of `nengo_fa.palette`.
    """

    title = "Preferred directions"

    def __init__(
        self,
        encode: nengo.Connection,
        neuron: int = 0,
        label: str | None = None,
        period: float = 0.05,
        colour: str = LEARNED,
    ) -> None:
        super().__init__(encode, neuron, label, period)
        self.colour = colour

    def make_draw(self, live: Any, dt: float) -> Callable:
        seconds = dt * count_steps(self.period, dt)  # time between two drawings
        weight = 1 - np.exp(-seconds / TAU_PACE)
        last, pace = live.get_encoders(), 0.0

        def draw(neuron):
            nonlocal last, pace
            feedback, rule_type = live.find_active()
            now = live.get_encoders()
            pace = pace + weight * ((now - last) / seconds - pace)
            last = now
            is_burst = isinstance(rule_type, BurstLearning)
            return views.preferred_directions(
                live.start,
                now,
                neuron,
                feedback[neuron],
                live.get_point(),
                self.label,
                ahead=now[neuron] + SECONDS_AHEAD * pace[neuron],
                error_name=(
                    "apical potential" if is_burst else "preferred error direction"
                ),
                colour=self.colour,
            )

        return draw


class TuningCurves(TeachingView):
    """Shows the firing rate of a neuron over the plane, at the start and now.

    Parameters
    ----------
    encode, neuron, label, period
        As for `.TeachingView`. The default period is 0.1 seconds.
    """

    title = "Tuning curves"

    def __init__(
        self,
        encode: nengo.Connection,
        neuron: int = 0,
        label: str | None = None,
        period: float = 0.1,
    ) -> None:
        super().__init__(encode, neuron, label, period)

    def make_draw(self, live: Any, dt: float) -> Callable:
        points, _ = disc(N_POINTS)
        points = points.reshape(-1, 2)
        neuron_type = live.ensemble.neuron_type
        amplitude = get_response(neuron_type).get_amplitude(neuron_type)

        def make_rates(scaled_encoders, neuron):
            rates = np.empty((len(points), 1))
            current = live.get_currents(
                points, scaled_encoders, slice(neuron, neuron + 1)
            )
            make_step_rates(neuron_type, current, rates)()
            return rates.reshape(N_POINTS, N_POINTS) / amplitude

        def draw(neuron):
            return views.tuning_curves(
                make_rates(live.scaled_start, neuron),
                make_rates(live.scaled_encoders, neuron),
                neuron,
                self.label,
            )

        return draw


class ErrorFields(TeachingView):
    """Shows the error that reaches a neuron over the plane, and the signal it learns from.

    The error is the error of the steady output with the current decoders.

    Parameters
    ----------
    encode : nengo.Connection
        As for `.TeachingView`.
    decode : nengo.Connection
        The connection from the ensemble to the output whose error teaches.
    function : callable
        Takes a point with two dimensions and returns the desired output. It may differ from
        the function of ``decode``, which only determines the initial decoders.
    neuron, label, period
        As for `.TeachingView`. The default period is 0.1 seconds.

    Raises
    ------
    nengo.exceptions.ValidationError
        As for `.TeachingView`; if ``decode`` does not leave the whole ensemble; if the
        function or the rule does not fit its output; or if the rule is
        `nengo_fa.BurstLearning`, which does not use the error of an output.
    """

    title = "Error that teaches"

    def __init__(
        self,
        encode: nengo.Connection,
        decode: nengo.Connection,
        function: Callable,
        neuron: int = 0,
        label: str | None = None,
        period: float = 0.1,
    ) -> None:
        self.function = function
        super().__init__(encode, neuron, label, period, decode)

    def check(self) -> None:
        if not callable(self.function):
            raise ValidationError(
                "Must be a function that takes a point and returns the desired output "
                f"(got {self.function!r})",
                attr="function",
            )
        self.points = disc(N_POINTS_ERROR)[0].reshape(-1, 2)
        points = self.teaching.ensemble.radius * self.points
        targets = [np.ravel(self.function(x)) for x in points]
        self.targets = np.array(targets, dtype=float)
        size_out = self.teaching.decode.size_out
        if self.targets.shape != (len(points), size_out):
            raise ValidationError(
                f"Must return {size_out} numbers, as many as there are outputs "
                f"(got {self.targets.shape[1]})",
                attr="function",
            )

    def make_draw(self, live: Any, dt: float) -> Callable:
        neuron_type = live.ensemble.neuron_type
        current, rates, derivatives = np.empty(
            (3, len(self.points), live.ensemble.n_neurons)
        )

        def draw(neuron):
            feedback, rule_type = live.find_active()
            current[...] = live.get_currents(self.points, live.scaled_encoders)
            rule_type.derivative.make_step_with_rates(
                neuron_type, current, rates, derivatives
            )()
            error = rates @ live.decoders.T - self.targets
            projected = error @ feedback[neuron]
            shape = N_POINTS_ERROR, N_POINTS_ERROR
            return views.error_fields(
                projected.reshape(shape),
                (projected * derivatives[:, neuron]).reshape(shape),
                neuron,
                self.label,
            )

        return draw
