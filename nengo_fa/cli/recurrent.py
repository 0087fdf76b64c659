"""The command ``nengo-fa recurrent``."""

from functools import wraps

from nengo_fa.cli.in_seconds import add_seconds_options, make_experiment, run_experiment
from nengo_fa.cli.shared import add_command, import_extra, import_plots

#: Number of trials, and seconds.
FULL, QUICK = (10, 40), (2, 2)
#: Presentations of a task offline, for each second online.
PRESENTATIONS = 3


def add_to(commands):
    """Add the command to the parser."""
    command = add_command(
        commands,
        "recurrent",
        run,
        help="a recurrent network of spiking neurons that generates a pattern: learned "
        "recurrent weights, eligibility traces for a delayed error, and the exact gradient "
        "offline",
        takes="about half an hour of one processor",
        example="recurrent --quick",
        page="recurrent.rst",
    )
    add_seconds_options(command, FULL, QUICK)


def run(options):
    """Run the trials in spikes and offline, print the results and draw the figures."""
    plots = import_plots()
    recurrent = import_extra("experiments.recurrent", "experiments")
    experiment = make_experiment(options, recurrent.RecurrentExperiment, FULL, QUICK)
    run_experiment(
        options,
        experiment,
        plots.recurrent,
        recurrent.check_claims,
        recurrent.report,
    )
    through_time = import_extra("experiments.through_time", "experiments")

    @wraps(plots.through_time)
    def draw(data):
        return plots.through_time(through_time.choose_rates(data))

    run_experiment(
        options,
        through_time.ThroughTime(
            experiment.n_trials, PRESENTATIONS * experiment.seconds, seed=options.seed
        ),
        draw,
        through_time.check_claims,
        through_time.report,
    )
