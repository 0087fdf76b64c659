"""What experiments that learn online have in common."""

from dataclasses import asdict, replace

import nengo

#: Root mean square of each dimension of the input.
RMS = 0.5


def make_stimulus(seed, size_out=2):
    """A node with the input of a trial, a signal of up to 2 Hz."""
    process = nengo.processes.WhiteSignal(60, high=2, rms=RMS, seed=seed)
    return nengo.Node(process, size_out=size_out)


class InSeconds:
    """A dataclass of an experiment with ``seconds`` and ``n_trials``, for a sweep.

    Its time is that of a simulation: where a sweep counts epochs, these are its seconds.
    Attributes and methods are those that `.sweep.run_trials` asks for.
    """

    #: What the results are of, for their configuration.
    name = None

    @property
    def epochs(self):
        """Simulated time in seconds."""
        return self.seconds

    @property
    def chunks(self):
        """A trial is a part."""
        return {"trial": 1}

    @property
    def configuration(self):
        """All parameters, for the attributes of the results."""
        configuration = {"experiment": self.name, **asdict(self)}
        del configuration["n_trials"]
        return configuration

    def with_epochs(self, epochs):
        """The same experiment, of another number of seconds."""
        return replace(self, seconds=epochs)

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
