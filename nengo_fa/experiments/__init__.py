"""The paper's experiments and those that go beyond it, one file each."""

import sys

from nengo_fa.experiments.sweep import claims, conditions, store

# the modules that users import by a shorter name than that of their place
for _module in (claims, conditions, store):
    sys.modules[f"nengo_fa.experiments.{_module.__name__.rpartition('.')[2]}"] = _module
