"""Base classes of all experiments with many trials."""

from dataclasses import asdict, dataclass, replace
from typing import Any


class Experiment:
    """Base class of dataclasses with ``n_trials`` and ``epochs``, for a sweep.

    Attributes and methods are those that `.sweep.run_trials` needs.
    """

    #: Name of the experiment in the configuration of its results.
    name: str | None = None

    @property
    def configuration(self):
        """All parameters of a trial, for the attributes of the results."""
        configuration = {"experiment": self.name, **asdict(self)}
        del configuration["n_trials"]
        return configuration

    def with_epochs(self, epochs):
        """Return the same experiment with another number of epochs."""
        return replace(self, epochs=epochs)

    def make_template(self):
        """Make a dataset for the results of all trials, full of NaN."""
        raise NotImplementedError

    def run(self, **part):
        """Run a part of the experiment.

        Parameters
        ----------
        **part : range
            For each dimension of ``chunks``, the indices of the part.

        Returns
        -------
        results : dict of ndarray
            Arrays by the names of the variables, with their dimensions in the order of the
            template. Values are infinite after learning has diverged.
        """
        raise NotImplementedError

    def run_here(self):
        """Run all trials in this process, one after the other.

        Returns
        -------
        data : xarray.Dataset
            The same data that `.sweep.run_trials` returns and stores.
        """
        template = self.make_template()
        results = self.run(**{dim: range(template.sizes[dim]) for dim in self.chunks})
        return template.assign(
            {name: (template[name].dims, values) for name, values in results.items()}
        )


@dataclass(frozen=True)
class Variation(Experiment):
    """An experiment that runs another experiment in conditions of its own.

    It has the trials of the other experiment, whose name completes its own name.

    Parameters
    ----------
    experiment : Experiment
    """

    experiment: Any

    @property
    def n_trials(self):
        """Number of trials."""
        return self.experiment.n_trials

    @property
    def epochs(self):
        """Number of epochs in each condition."""
        return self.experiment.epochs

    @property
    def seed(self):
        """Seed of all trials."""
        return self.experiment.seed

    @property
    def configuration(self):
        """All parameters of the other experiment, for the attributes of the results."""
        configuration = self.experiment.configuration
        return {**configuration, "experiment": self.name + configuration["experiment"]}

    def with_epochs(self, epochs):
        """Return the same experiment with another number of epochs."""
        return replace(self, experiment=self.experiment.with_epochs(epochs))
