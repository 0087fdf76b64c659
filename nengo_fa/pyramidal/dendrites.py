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
    """The function of `ApicalDendrites`, which are built without it."""


class ApicalDendrites(Node):
    """The apical dendrites of the neurons of an ensemble, for feedback to lead to.

    One dimension for each neuron: a connection to all of them has ``n_neurons`` rows in
    its transform, which are the feedback weights. What several connections deliver adds
    up, and so does what is connected to several `ApicalDendrites` of one ensemble.

    Parameters
    ----------
    ensemble : nengo.Ensemble
        Its neuron type is `Pyramidal` or `PyramidalRate`.
    label : str, optional
        A name for the node.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the neurons of the ensemble have no apical dendrites.

    Notes
    -----
    There is no output. The apical potential belongs to the neurons, and is probed there:
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
        self.ensemble = ensemble  # first, as the size of the input follows from it
        super().__init__(
            filled_by_the_simulator,
            size_in=ensemble.n_neurons,
            size_out=0,
            label=label,
        )
