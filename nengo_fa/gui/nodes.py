"""A node that shows a view, which a simulator draws from the current state of the model."""

import math

from nengo.builder import Builder, Signal
from nengo.builder.operator import Reset
from nengo.node import Node
from nengo.params import NumberParam

from nengo_fa.online.operators import NamedSignalsOperator, SignalByName

#: Time in simulated seconds after which an unchanged view is sent again: Nengo GUI discards
#: data after some seconds, and a page that is opened later needs the view.
REPEAT = 1.0


class Screen:
    """The function of a `View`. It only stores the document for Nengo GUI."""

    _nengo_html_ = ""

    def __call__(self, t, *x):
        pass


def count_steps(period, dt):
    """Return the number of time steps between two drawings, at least one period."""
    return max(1, math.ceil(period / dt - 1e-6))


class View(Node):
    """Base class of the nodes that show the state of a model.

    The simulator draws the view at most once every ``period``, and calls the function of
    the node only if the view has changed. ``output._nengo_html_`` is then the document that
    Nengo GUI reads, and that you may read as well.

    Parameters
    ----------
    label : str
        Name of the view.
    size_in : int, optional
        Number of dimensions of the input.
    period : float, optional
        Time between two drawings, in simulated seconds.

    Notes
    -----
    In a derived class, write `make_step`. Also write `get_signals` if the view shows other
    signals than its input, and `make_state` if it has a state.
    """

    period = NumberParam(
        "period", default=0.05, low=0, high=3600, low_open=True, readonly=True
    )

    def __init__(self, label, size_in=0, period=0.05):
        # kept here, because Nengo GUI wraps the function of a node while it builds
        self.screen = Screen()
        super().__init__(self.screen, size_in=size_in, size_out=0, label=label)
        self.period = period

    def get_signals(self, model):
        """Return the signals that the view shows in addition to its input; by default, none.

        Parameters
        ----------
        model : nengo.builder.Model
            The complete model, after the build.

        Returns
        -------
        signals : list of nengo.builder.Signal
        """
        return []

    def make_state(self):
        """Return the state of the view, a dict of ndarray with the initial values.

        The state is kept when a simulator is pickled or copied.
        """
        return {}

    def make_step(self, model, arrays, dt):
        """Bind the view to a simulator, as `nengo.builder.Operator.make_step` does.

        Parameters
        ----------
        model : nengo.builder.Model
        arrays : list of ndarray
            The current values of the signals from `get_signals`, which must not be written
            to, and of the state from `make_state`, which is updated in place.
        dt : float
            Time step in seconds.

        Returns
        -------
        step : callable
            Called in every time step with the input of the node (size_in,), or None if it
            has no input, and whether the view is due. If it is due, returns a document, or
            None if the document has not changed.
        """
        raise NotImplementedError("Views must provide make_step")


class SimView(NamedSignalsOperator):
    """Draw a view, and pass it to the function of its node.

    Parameters
    ----------
    view : View
    function : callable
        The function of the node while Nengo GUI builds the model.
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
            n_steps = round(t.item() / dt) - 1  # finished steps
            html = step_view(x, n_steps % every == 0)
            is_new = html is not None and html != shown
            is_late = shown is not None and n_steps - shown_at >= repeat
            if is_new or is_late:
                shown_at = n_steps
                shown = html if is_new else shown
                # called immediately, because simulators of a model share the function
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
    # add_op may ask for all signals, but not all signals are built yet
    model.operators.append(SimView(view, view.output, model, model.time, x))
