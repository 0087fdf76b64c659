"""Types of parameters, on top of those that Nengo brings."""

import numpy as np
from nengo.dists import DistOrArrayParam, Distribution
from nengo.exceptions import ValidationError
from nengo.params import NumberParam


class FiniteParam(NumberParam):
    """A number that is neither NaN nor infinite."""

    def coerce(self, instance, num):
        num = super().coerce(instance, num)
        if num is not None and not np.isfinite(num):
            raise ValidationError(
                f"Must be a finite number (got {num})", attr=self.name, obj=instance
            )
        return num


class FiniteDistOrArrayParam(DistOrArrayParam):
    """A distribution, or an array without NaN and infinities, copied when given."""

    def coerce(self, instance, distorarray):
        if not isinstance(distorarray, Distribution) and distorarray is not None:
            try:
                # a copy, so that the frozen object cannot change behind its hash
                distorarray = np.array(distorarray, dtype=np.float64)
            except (ValueError, TypeError) as error:
                raise ValidationError(
                    "Must be a distribution or an array of numbers "
                    f"(got {distorarray!r})",
                    attr=self.name,
                    obj=instance,
                ) from error
            if not np.all(np.isfinite(distorarray)):
                raise ValidationError(
                    "Must be finite; the array holds NaN or infinity",
                    attr=self.name,
                    obj=instance,
                )
        return super().coerce(instance, distorarray)
