"""The command ``nengo-fa learning-rates``."""

from nengo_fa.cli import mnist, multiplication, shared
from nengo_fa.cli.options import add_learning_rates


def add_to(commands):
    """Add the command to the parser."""
    command = shared.add_parser(
        commands,
        "learning-rates",
        help="how an experiment depends on the learning rate, which the paper does not "
        "state",
        takes="as long for each learning rate as the experiment itself",
        example="learning-rates multiplication --learning-rates 3 10 --trials 4",
        page="experiments.rst",
    )
    experiments = command.add_subparsers(required=True, metavar="EXPERIMENT")
    for module, run, rates in (
        (multiplication, run_multiplication, "0.3 1 3 10 30 100 300 1000"),
        (mnist, run_mnist, "2.5 5 10 20 40"),
    ):
        name = module.__name__.rpartition(".")[2]
        experiment = shared.add_command(
            experiments,
            name,
            run,
            help=f"the experiment of nengo-fa {name}, with the same options",
            takes=f"as long as nengo-fa {name} for each learning rate",
            example=f"learning-rates {name} --learning-rates 3 10 --trials 4",
            page="experiments.rst",
        )
        experiment.set_defaults(command=f"learning-rates-{name}")
        add_learning_rates(
            experiment,
            1e6,
            f"learning rates, per update (default: {rates})",
            default=[float(rate) for rate in rates.split()],
        )
        module.add_experiment_options(experiment)


def run_multiplication(options):
    """Run the trials of the first experiment, print the report and draw the figure."""
    experiment = multiplication.make_experiment(options, n_quick=4)
    _run(options, experiment, [options.neurons])


def run_mnist(options):
    """Run the trials of the second experiment, print the report and draw the figure."""
    precision = shared.import_extra("experiments.sweep", "experiments").precision
    with precision(options.bits):
        experiment = mnist.make_experiment(options)
        _run(options, experiment, mnist.name_data(experiment))


def _run(options, experiment, words):
    plots = shared.import_plots()
    learning_rates = shared.import_extra("experiments.learning_rates", "experiments")
    experiment = learning_rates.LearningRateExperiment(
        experiment, tuple(sorted(set(options.learning_rates)))
    )
    folder = shared.get_folder(options, *words)
    data = shared.sweep(experiment, options, folder / "learning_rates.zarr")
    print(f"\n{learning_rates.report(data)}\n")
    shared.draw(plots.sensitivity, data, folder / "learning_rates")
