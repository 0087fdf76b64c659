"""Parameters of experiments that are refused."""

import numpy as np
from nengo.exceptions import ValidationError
from nengo.utils.numpy import is_integer, is_iterable, is_number

from nengo_fa.rules.learning_rules import FeedbackAlignment


def check_counts(experiment, *names):
    """Refuse attributes of an experiment that are no whole numbers from one upwards."""
    for name in names:
        value = getattr(experiment, name)
        if not is_integer(value) or value < 1:
            raise ValidationError(
                f"Must be an integer, at least 1 (got {value!r})", attr=name
            )


def check_delay(delay):
    """Refuse a delay that is no whole number from zero upwards."""
    if not is_integer(delay) or delay < 0:
        raise ValidationError(
            f"Must be a whole number, at least 0 (got {delay!r})", attr="delay"
        )


def check_late_errors(experiment):
    """Refuse what no experiment with late errors can be made of.

    Parameters
    ----------
    experiment : ErrorPopulationExperiment or ErrorLayerExperiment

    Raises
    ------
    nengo.exceptions.ValidationError
        If numbers are not above zero, or delays do not rise from 0.
    """
    seconds = experiment.seconds
    if not is_number(seconds) or not 0 < seconds < np.inf:
        raise ValidationError(
            f"Must be a finite number above zero (got {seconds!r})", attr="seconds"
        )
    check_counts(experiment, "n_trials", "n_neurons", "n_error_neurons")
    FeedbackAlignment(1, experiment.learning_rate)  # refuses what is not a rate
    if (
        not is_iterable(experiment.delays)
        or len(experiment.delays) < 2
        or not all(map(is_integer, experiment.delays))
        or experiment.delays[0] != 0
        or any(np.diff(experiment.delays) <= 0)
    ):
        raise ValidationError(
            "Must be 0, to compare with, and then longer and longer delays in whole "
            f"milliseconds (got {experiment.delays!r})",
            attr="delays",
        )
