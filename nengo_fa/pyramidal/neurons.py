"""Pyramidal neurons, which have a basal and an apical compartment."""

from typing import Any

import nengo
import numpy as np
from nengo.dists import Choice
from nengo.neurons import LIF, LIFRate
from numpy.typing import ArrayLike

from nengo_fa.rules.params import FiniteParam
from nengo_fa.rules.response_functions import LIFResponse
from nengo_fa.rules.responses import register_response


class ApicalCompartment:
    """The apical compartment that pyramidal neurons add to LIF neurons; a base class."""

    tau_apical = FiniteParam("tau_apical", low=0, low_open=True)
    burst_probability = FiniteParam(
        "burst_probability", low=0, high=1, low_open=True, high_open=True
    )
    coupling = FiniteParam("coupling", low=0)

    def _set_apical(self, tau_apical, burst_probability, coupling):
        self.tau_apical = tau_apical
        self.burst_probability = burst_probability
        self.coupling = coupling

    def burst_probabilities(self, apical):
        """Return the probability that an event is a burst, an ndarray of the same shape.

        Parameters
        ----------
        apical : (...) array_like
            Apical potentials, in logits above rest.
        """
        # The hyperbolic tangent cannot overflow.
        odds = self.burst_probability / (1 - self.burst_probability)
        return 0.5 + 0.5 * np.tanh(0.5 * (np.asarray(apical) + float(np.log(odds))))

    def _step_apical(self, dt, apical, apical_input):
        # exact for an input that is constant during a step of any length
        apical -= (apical_input - apical) * np.expm1(-dt / self.tau_apical)


class PyramidalRate(ApicalCompartment, LIFRate):
    """Rates of `Pyramidal` neurons: the rate of events and the rate of bursts.

    These neurons are not random: the burst rate is the event rate times the burst
    probability.

    Parameters
    ----------
    tau_apical, burst_probability, coupling, tau_rc, tau_ref, amplitude, initial_state
        As for `Pyramidal`.

    See Also
    --------
    Pyramidal

    Examples
    --------
    >>> nengo_fa.PyramidalRate(burst_probability=0.2).burst_probabilities(
    ...     [-2, 0, 2]).round(3)
    array([0.033, 0.2  , 0.649])
    """

    state = {"apical": Choice([0]), "bursts": Choice([0])}

    def __init__(
        self,
        tau_apical: float = 0.01,
        burst_probability: float = 0.5,
        coupling: float = 0.01,
        tau_rc: float = 0.02,
        tau_ref: float = 0.002,
        amplitude: float = 1,
        initial_state: dict[str, nengo.dists.Distribution | ArrayLike] | None = None,
    ) -> None:
        super().__init__(tau_rc, tau_ref, amplitude, initial_state)
        self._set_apical(tau_apical, burst_probability, coupling)

    def step(
        self,
        dt: float,
        J: np.ndarray,
        output: np.ndarray,
        apical: np.ndarray,
        bursts: np.ndarray,
        apical_input: ArrayLike = 0,
    ) -> None:
        """Advance the rates of events and of bursts by a time step."""
        self._step_apical(dt, apical, apical_input)
        super().step(dt, J + self.coupling * apical, output)
        np.multiply(output, self.burst_probabilities(apical), out=bursts)


class Pyramidal(ApicalCompartment, LIF):
    r"""Spiking pyramidal neurons, whose apical input turns single spikes into bursts.

    The basal compartment receives the input of the ensemble through its encoders, and fires
    *events* like the spikes of a `nengo.LIF` neuron. The apical compartment is a leaky
    potential v, driven by the input of `ApicalDendrites`:

    .. math:: \tau_\text{apical} \, \dot v = -v + I_\text{apical}

    Each event is a burst with a probability that grows with the apical potential,

    .. math:: P = \sigma(v + v_0), \qquad \sigma(v_0) = P_0 ,

    and is otherwise a single spike. The output of the neurons consists of events: a burst
    counts as one spike, as for synapses with short-term depression. Decoders, ``rates``,
    maximum rates and intercepts are therefore those of LIF neurons.

    Parameters
    ----------
    tau_apical : float, optional
        Time constant of the apical compartment, in seconds. Default: 0.01, the leak of
        Guerguiev et al. (2017).
    burst_probability : float, optional
        :math:`P_0`, the probability that an event is a burst while the apical potential is
        at rest, which is zero. Default: 0.5, the steepest part of the sigmoid, as in
        Guerguiev et al. (2017).
    coupling : float, optional
        The current at the soma per logit of the apical potential. Default: 0.01, which is
        our choice; most simulations of Guerguiev et al. (2017) have no coupling. With 0,
        the apical input does not influence events.
    tau_rc, tau_ref, min_voltage, amplitude
        As for `nengo.LIF`.
    initial_state : {str: Distribution or array_like}, optional
        Initial values of ``"voltage"``, ``"refractory_time"``, ``"apical"`` and
        ``"bursts"``.

    Raises
    ------
    nengo.exceptions.ValidationError
        If a parameter is out of range.

    See Also
    --------
    ApicalDendrites, BurstLearning, PyramidalRate

    Notes
    -----
    Apical potentials are in *logits*: each additional logit multiplies the odds of a burst
    by e. The weights of the connection to the apical dendrites therefore determine how
    strongly the error changes the burst probability.

    You can probe ``"apical"``, the apical potential, and ``"bursts"``, which is the output
    if the event is a burst and zero otherwise, as well as the state of a `nengo.LIF`. A
    burst appears in the time step of its first spike; its other spikes are not simulated.

    References
    ----------
    - Guerguiev, J., Lillicrap, T. P., & Richards, B. A. (2017). Towards deep learning
       with segregated dendrites. eLife, 6, e22901.
    - Payeur, A., Guerguiev, J., Zenke, F., Richards, B. A., & Naud, R. (2021).
      Burst-dependent synaptic plasticity can coordinate learning in hierarchical
      circuits. Nature Neuroscience, 24, 1010-1019.

    Examples
    --------
    >>> with nengo.Network(seed=1) as model:
    ...     error = nengo.Node([1.0])
    ...     hidden = nengo.Ensemble(50, 2, neuron_type=nengo_fa.Pyramidal())
    ...     apical = nengo_fa.ApicalDendrites(hidden)
    ...     feedback = nengo.Connection(error, apical, transform=np.full((50, 1), 2.0))
    ...     events = nengo.Probe(hidden.neurons)
    ...     bursts = nengo.Probe(hidden.neurons, "bursts")
    >>> with nengo.Simulator(model, progress_bar=False) as sim:
    ...     sim.run(0.5)
    >>> bool(sim.data[bursts].sum() > 0.8 * sim.data[events].sum())
    True
    """

    state = {**LIF.state, **PyramidalRate.state}

    def __init__(
        self,
        tau_apical: float = 0.01,
        burst_probability: float = 0.5,
        coupling: float = 0.01,
        tau_rc: float = 0.02,
        tau_ref: float = 0.002,
        min_voltage: float = 0,
        amplitude: float = 1,
        initial_state: dict[str, nengo.dists.Distribution | ArrayLike] | None = None,
    ) -> None:
        super().__init__(tau_rc, tau_ref, min_voltage, amplitude, initial_state)
        self._set_apical(tau_apical, burst_probability, coupling)

    def make_state(
        self, n_neurons: int, rng: Any = np.random, dtype: Any | None = None
    ) -> dict[str, np.ndarray]:
        """Return the state as for other neurons, and the random numbers for bursts."""
        state = super().make_state(n_neurons, rng=rng, dtype=dtype)
        state["rng"] = rng
        return state

    def step(
        self,
        dt: float,
        J: np.ndarray,
        output: np.ndarray,
        voltage: np.ndarray,
        refractory_time: np.ndarray,
        apical: np.ndarray,
        bursts: np.ndarray,
        rng: np.random.RandomState,
        apical_input: ArrayLike = 0,
    ) -> None:
        """Advance the neurons by a time step."""
        self._step_apical(dt, apical, apical_input)
        current = J + self.coupling * apical
        super().step(dt, current, output, voltage, refractory_time)
        fired = output > 0
        chance = self.burst_probabilities(apical[fired])
        bursts[...] = 0
        bursts[fired] = output[fired] * (rng.random_sample(chance.shape) < chance)


for _neuron_class in (Pyramidal, PyramidalRate):
    register_response(_neuron_class, LIFResponse(added_state={"apical": "coupling"}))
