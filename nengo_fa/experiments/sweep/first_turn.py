"""Learning rates of the six conditions, given as the turn of the encoders in the first epoch."""

import numpy as np
from nengo.exceptions import ValidationError

from nengo_fa.experiments.sweep.conditions import NORMALIZATIONS, RULES
from nengo_fa.experiments.sweep.experiment import Experiment
from nengo_fa.offline.arguments import check_turn


class SixConditions(Experiment):
    """An experiment in the six conditions, with fields ``turn`` and ``held_out``.

    ``turn`` is None, so that all conditions share a ``learning_rate``; or a number, the same
    for all conditions; or a number for each condition, ``turn[rule][normalization]``.
    ``held_out`` is the fraction of the training samples that is kept for measuring errors.
    """

    #: The variable by which a turn is chosen, measured on held-out samples.
    chosen_by: str | None = None

    @property
    def configuration(self):
        """All parameters of a trial, for the attributes of the results."""
        configuration = super().configuration
        # results do not depend on the other parameter
        del configuration["turn" if self.turn is None else "learning_rate"]
        if not self.held_out:
            del configuration["held_out"]
        return configuration

    def get_turn(self, rule, normalization):
        """Return the turn of a condition, or None if there is a learning rate."""
        if isinstance(self.turn, dict):
            return self.turn[rule][normalization]
        return self.turn

    def _check_rates(self):
        if isinstance(self.turn, dict) and {
            rule: set(turns) for rule, turns in self.turn.items()
        } != {rule: set(NORMALIZATIONS) for rule in RULES}:
            raise ValidationError(
                "Must be a number, or have a number for each condition, "
                "turn[rule][normalization] "
                f"(got {self.turn!r})",
                attr="turn",
            )
        for rule in RULES:
            for normalization in NORMALIZATIONS:
                check_turn(self.get_turn(rule, normalization), None)
        if not 0 <= self.held_out < 1:
            raise ValidationError(
                f"Must be a fraction of the samples, from 0 to below 1 (got "
                f"{self.held_out!r})",
                attr="held_out",
            )


def split_samples(n_samples, held_out, rng):
    """Return the indices of the samples to learn from, and of the held-out samples.

    Parameters
    ----------
    n_samples : int
    held_out : float
        The fraction of samples that is held out.
    rng : numpy.random.RandomState

    Returns
    -------
    chosen, held_out : ndarray of int
        In increasing order.
    """
    order = rng.permutation(n_samples)
    n_held_out = round(held_out * n_samples)
    return np.sort(order[n_held_out:]), np.sort(order[:n_held_out])
