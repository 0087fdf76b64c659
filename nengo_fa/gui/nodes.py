"""A node that shows a view, drawn by a simulator from the live state of the model."""

import math

from nengo.builder import Builder, Signal
from nengo.builder.operator import Reset
from nengo.node import Node
from nengo.params import NumberParam

from nengo_fa.online.operators import NamedSignalsOperator, SignalByName

#: In simulated seconds. Nengo GUI drops what it was sent some seconds ago, so that a view
#: that stays as it is would disappear, and a page that is opened anew would wait for it.
REPEAT = 1.0


class Screen:
    """The function of a `View`: does nothing, and holds what Nengo GUI is to show."""

    _nengo_html_ = ""

    def __call__(self, t, *x):
        pass


def count_steps(period, dt):
    """The number of time steps between two drawings; no more often than the period."""
    return max(1, math.ceil(period / dt - 1e-6))


class View(Node):
    """Base class of the nodes that show the state of a model; not to be used by itself.

    The simulator draws, at most once every ``period``, and calls the function of the node
    only if there is something new to see. Then its ``output._nengo_html_`` is the
    document, which Nengo GUI reads; so may you.

    Parameters
    ----------
    label : str
        What the view is called.
    size_in : int, optional
        Number of dimensions of the input.
    period : float, optional
        In simulated seconds, between two drawings.

    Notes
    -----
    A class derived from this one writes `make_step`; if there is more to see than the
    input, `get_signals`; and if it has to remember something, `make_state`.
    """

    period = NumberParam(
        "period", default=0.05, low=0, high=3600, low_open=True, readonly=True
    )

    def __init__(self, label, size_in=0, period=0.05):
        # kept apart, as Nengo GUI wraps the function of a node while it builds
        self.screen = Screen()
        super().__init__(self.screen, size_in=size_in, size_out=0, label=label)
        self.period = period

    def get_signals(self, model):
        """The signals that are shown; none, unless a derived class says so.

        Parameters
        ----------
        model : nengo.builder.Model
            The whole of it is built.

        Returns
        -------
        signals : list of nengo.builder.Signal
        """
        return []

    def make_state(self):
        """Return what the view remembers, a dict of ndarray with the values at the start.

        A simulator that is pickled or copied goes on with what is remembered.
        """
        return {}

    def make_step(self, model, arrays, dt):
        """Bind what is shown to one simulator, as `nengo.builder.Operator.make_step`.

        Parameters
        ----------
        model : nengo.builder.Model
        arrays : list of ndarray
            The live values of the signals from `get_signals`, not to be written to; and
            of what `make_state` returns, to be updated in place.
        dt : float
            In seconds.

        Returns
        -------
        step : callable
            Called in every time step with the input of the node (size_in,), None if it
            has none, and whether it is time to draw. Returns a document then, or None if
            it would be as it was.
        """
        raise NotImplementedError("Views must provide make_step")


class SimView(NamedSignalsOperator):
    """Draw a view, and hand it to the function of its node.

    Parameters
    ----------
    view : View
    function : callable
        The output of the node as Nengo GUI has it while it builds.
    model : nengo.builder.Model
    t : Signal
        The time in seconds.
    x : Signal or None
        The input of the node.
    tag : str, optional
        A label associated with the operator, for debugging purposes.
    """

    t, x = SignalByName(), SignalByName()

    def __init__(self, view, function, model, t, x, tag=None):
        def find_reads():
            return {"t": t, "x": x, **dict(enumerate(view.get_signals(model)))}

        state = {
            name: Signal(start, name=f"{view}.{name}")
            for name, start in view.make_state().items()
        }
        super().__init__(find_reads, updates=state, tag=tag)
        self.view = view
        self.function = function
        self.model = model

    @property
    def _descstr(self):
        return str(self.view)

    def make_step(self, signals, dt, rng):
        screen, function = self.view.screen, self.function
        arrays = [signals[signal] for signal in [*self.reads, *self.updates]]
        t, x = arrays.pop(0), None if self.x is None else arrays.pop(0)
        args = () if x is None else (x,)
        step_view = self.view.make_step(self.model, arrays, dt)
        every = count_steps(self.view.period, dt)
        repeat = max(1, round(REPEAT / dt))
        shown_at, shown = 0, None

        def step_simview():
            nonlocal shown_at, shown
            n_steps = round(t.item() / dt) - 1  # before this one
            html = step_view(x, n_steps % every == 0)
            is_new = html is not None and html != shown
            is_late = shown is not None and n_steps - shown_at >= repeat
            if is_new or is_late:
                shown_at = n_steps
                shown = html if is_new else shown
                # at once, as simulators of one model share the function
                screen._nengo_html_ = shown
                function(t.item(), *args)

        return step_simview


@Builder.register(View)
def build_view(model, view):
    """Build a `.View` object into a model.

    Parameters
    ----------
    model : nengo.builder.Model
        The model to build into.
    view : View
        The view to build.

    Notes
    -----
    Sets ``model.params[view]`` to ``None``.
    """
    x = None
    if view.size_in > 0:
        x = Signal(shape=view.size_in, name=f"{view}.in")
        model.add_op(Reset(x))
    model.sig[view]["in"], model.sig[view]["out"] = x, None
    model.params[view] = None
    # add_op may ask for all signals at once, but not all of them are built
    model.operators.append(SimView(view, view.output, model, model.time, x))
