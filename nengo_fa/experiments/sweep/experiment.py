"""What all experiments of many trials have in common."""

from dataclasses import asdict, dataclass, replace
from typing import Any


class Experiment:
    """A dataclass of an experiment with ``n_trials`` and ``epochs``, for a sweep.

    Attributes and methods are those that `.sweep.run_trials` asks for.
    """

    #: What the results are of, for their configuration.
    name: str | None = None

    @property
    def configuration(self):
        """All parameters of a trial, for the attributes of the results."""
        configuration = {"experiment": self.name, **asdict(self)}
        del configuration["n_trials"]
        return configuration

    def with_epochs(self, epochs):
        """Return the same experiment, of another number of epochs."""
        return replace(self, epochs=epochs)

    def make_template(self):
        """Make a dataset for the results of all trials, full of NaN."""
        raise NotImplementedError

    def run(self, **part):
        """Run a part of the experiment.

        Parameters
        ----------
        **part : range
            For each dimension of ``chunks``, the places of the part along it.

        Returns
        -------
        results : dict of ndarray
            By the names of the variables, with their dimensions in the order of the
            template. Infinite where learning has diverged.
        """
        raise NotImplementedError

    def run_here(self):
        """Run all trials in this process, one after the other.

        Returns
        -------
        data : xarray.Dataset
            What `.sweep.run_trials` gives, and stores.
        """
        template = self.make_template()
        results = self.run(**{dim: range(template.sizes[dim]) for dim in self.chunks})
        return template.assign(
            {name: (template[name].dims, values) for name, values in results.items()}
        )


@dataclass(frozen=True)
class Variation(Experiment):
    """An experiment that runs another one in conditions of its own.

    Its name is completed by that of the other one, whose trials it has.

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
        """The seed of all trials."""
        return self.experiment.seed

    @property
    def configuration(self):
        """All parameters of the other experiment, for the attributes of the results."""
        configuration = self.experiment.configuration
        return {**configuration, "experiment": self.name + configuration["experiment"]}

    def with_epochs(self, epochs):
        """Return the same experiment, of another number of epochs."""
        return replace(self, experiment=self.experiment.with_epochs(epochs))
