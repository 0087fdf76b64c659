"""Types of parameters, in addition to those of Nengo."""

import numpy as np
from nengo.connection import Connection
from nengo.dists import DistOrArrayParam, Distribution
from nengo.exceptions import ValidationError
from nengo.params import NumberParam, Parameter
from nengo.utils.numpy import is_number


def refuse_bool(param, instance, value):
    """Refuse True and False, which Python treats as the numbers 1 and 0."""
    if isinstance(value, (bool, np.bool_)):
        raise ValidationError(
            f"Must be a number (got {value!r})", attr=param.name, obj=instance
        )


class FiniteParam(NumberParam):
    """A finite number."""

    def coerce(self, instance, num):
        refuse_bool(self, instance, num)
        if is_number(num) and not np.isfinite(num):
            raise ValidationError(
                f"Must be a finite number (got {num})", attr=self.name, obj=instance
            )
        return super().coerce(instance, num)


class DefaultRate(float):
    """The learning rate of a rule for which no learning rate was given.

    It can be used like any other number; `.train` finds another rate.
    """


class LearningRateParam(FiniteParam):
    """A learning rate that distinguishes its default from the same number when given."""

    def __init__(self, name, default):
        super().__init__(name, default=DefaultRate(default), low=0, readonly=True)

    def equal(self, instance_a, instance_b):
        return self.hashvalue(instance_a) == self.hashvalue(instance_b)

    def hashvalue(self, instance):
        rate = self.__get__(instance, None)
        return rate, is_given(rate)


def is_given(learning_rate):
    """Return whether a learning rate was given, and is not the default of its rule."""
    return not isinstance(learning_rate, DefaultRate)


class FiniteDistOrArrayParam(DistOrArrayParam):
    """A distribution, or an array without NaN and infinities, copied when given."""

    kinds = "a distribution or an array of real numbers"

    def coerce(self, instance, distorarray):
        refuse_bool(self, instance, distorarray)
        if not isinstance(distorarray, Distribution) and distorarray is not None:
            try:
                # a copy, so that the frozen object cannot change after it is hashed
                array = np.array(distorarray)
                distorarray = array.astype(np.float64, casting="same_kind")
            except (ValueError, TypeError) as error:
                raise ValidationError(
                    f"Must be {self.kinds} (got {distorarray!r})",
                    attr=self.name,
                    obj=instance,
                ) from error
            if not np.all(np.isfinite(distorarray)):
                raise ValidationError(
                    "Must be finite, but the array contains NaN or infinity",
                    attr=self.name,
                    obj=instance,
                )
        return super().coerce(instance, distorarray)


class NextConnectionParam(Parameter):
    """The connection from the taught ensemble to the next layer."""

    def coerce(self, instance, connection):
        self.check_type(instance, connection, Connection)
        return super().coerce(instance, connection)
