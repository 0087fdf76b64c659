"""Apical dendrites, where feedback reaches pyramidal neurons."""

import nengo
from nengo.ensemble import Ensemble
from nengo.exceptions import ValidationError
from nengo.node import Node
from nengo.params import Default, Parameter

from nengo_fa.pyramidal.neurons import ApicalCompartment


class PyramidalEnsembleParam(Parameter):
    """An ensemble of neurons that have an apical compartment."""

    def coerce(self, instance, ensemble):
        super().coerce(instance, ensemble)  # which refuses None
        self.check_type(instance, ensemble, Ensemble)
        if not isinstance(ensemble.neuron_type, ApicalCompartment):
            raise ValidationError(
                f"{ensemble} has neuron type {type(ensemble.neuron_type).__name__}, "
                "which has no apical dendrites. Give the ensemble "
                "neuron_type=nengo_fa.Pyramidal().",
                attr=self.name,
                obj=instance,
            )
        return ensemble


def filled_by_the_simulator(t, x):
    """Placeholder function of `ApicalDendrites`, which have no output."""


class ApicalDendrites(Node):
    """The apical dendrites of the neurons of an ensemble, as the target of feedback.

    There is one dimension for each neuron: the transform of a connection to the dendrites
    has ``n_neurons`` rows, which are the feedback weights. The inputs of several connections
    add up, and so do the inputs of several `ApicalDendrites` of the same ensemble.

    Parameters
    ----------
    ensemble : nengo.Ensemble
        An ensemble with neuron type `Pyramidal` or `PyramidalRate`.
    label : str, optional
        A name for the node.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the neurons of the ensemble have no apical dendrites.

    Notes
    -----
    The dendrites have no output. Probe the apical potential of the neurons with
    ``nengo.Probe(ensemble.neurons, "apical")``.

    Examples
    --------
    >>> with nengo.Network() as model:
    ...     hidden = nengo.Ensemble(50, 2, neuron_type=nengo_fa.Pyramidal())
    ...     apical = nengo_fa.ApicalDendrites(hidden)
    >>> apical.size_in
    50
    """

    ensemble = PyramidalEnsembleParam("ensemble", readonly=True)

    def __init__(self, ensemble: nengo.Ensemble, label: str = Default) -> None:
        self.ensemble = ensemble  # first, because it determines the size of the input
        super().__init__(
            filled_by_the_simulator,
            size_in=ensemble.n_neurons,
            size_out=0,
            label=label,
        )
