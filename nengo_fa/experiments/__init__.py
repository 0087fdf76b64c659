"""The paper's experiments and additional experiments, one file each."""

import sys
from importlib import import_module
from types import ModuleType


class _Moved(ModuleType):
    """A module under a shorter name than that of its file, imported when it is used."""

    def __getattr__(self, name):
        if name.startswith("__"):  # tools read such attributes of all modules
            raise AttributeError(name)
        place = self.__name__.replace(".experiments.", ".experiments.sweep.")
        return getattr(import_module(place), name)


for _name in ("claims", "conditions", "store"):
    globals()[_name] = sys.modules[f"{__name__}.{_name}"] = _Moved(
        f"{__name__}.{_name}"
    )
