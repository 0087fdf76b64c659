"""The command ``nengo-fa homeostasis``."""

from nengo_fa.cli import mnist, multiplication, shared
from nengo_fa.cli.in_seconds import add_seconds_options, make_experiment
from nengo_fa.cli.options import add_learning_rate, add_number

#: Number of trials online, and seconds.
FULL, QUICK = (7, 30), (2, 2)


def add_to(commands):
    """Add the command to the parser."""
    command = shared.add_parser(
        commands,
        "homeostasis",
        help="whether the lengths of encoders approach one: four normalizations in the "
        "paper's experiments, and online",
        takes="from two minutes to some hours; see the help of each experiment",
        example="homeostasis multiplication --quick",
        page="homeostasis.rst",
    )
    experiments = command.add_subparsers(required=True, metavar="EXPERIMENT")
    for name, run, help, takes, add_options in (
        (
            "multiplication",
            run_multiplication,
            "lengths of encoders in the paper's first experiment",
            "six minutes of one processor",
            multiplication.add_experiment_options,
        ),
        (
            "mnist",
            run_mnist,
            "the paper's second experiment, or the same with other samples",
            "about four hours of one processor with MNIST",
            mnist.add_experiment_options,
        ),
        (
            "online",
            run_online,
            "lengths of encoders of spiking neurons that learn to multiply online",
            "about two minutes of one processor",
            _add_seconds,
        ),
    ):
        experiment = shared.add_command(
            experiments,
            name,
            run,
            help,
            takes=takes,
            example=f"homeostasis {name} --quick",
            page="homeostasis.rst",
        )
        experiment.set_defaults(command=f"homeostasis-{name}")
        spread = "largest difference of initial lengths from one (default: %(default)s)"
        add_number(experiment, "--spread", float, 0, 0.9, spread, "SPREAD", default=0.1)
        learning_rate = (
            "learning rate of the encoder rules (default: the rate of the experiment)"
        )
        add_learning_rate(experiment, learning_rate)
        add_options(experiment)


def _add_seconds(command):
    add_seconds_options(command, FULL, QUICK)


def run_multiplication(options):
    """Run the trials of the first experiment, print the claims and draw the figures."""
    experiment = multiplication.make_experiment(
        options, n_quick=4, **_get_learning_rate(options)
    )
    _run_offline(options, experiment, [options.neurons])


def run_mnist(options):
    """Run the trials of the second experiment, print the claims and draw the figures."""
    precision = shared.import_extra("experiments.sweep", "experiments").precision
    with precision(options.bits):
        experiment = mnist.make_experiment(options, **_get_learning_rate(options))
        _run_offline(options, experiment, mnist.name_data(experiment))


def run_online(options):
    """Run the trials online, print the claims and draw the figures."""
    online = shared.import_extra("experiments.homeostasis_online", "experiments")
    experiment = make_experiment(
        options,
        online.OnlineHomeostasisExperiment,
        FULL,
        QUICK,
        spread=options.spread,
        **_get_learning_rate(options),
    )
    _run(options, experiment, [])


def _get_learning_rate(options):
    if options.learning_rate is None:
        return {}
    return {"learning_rate": options.learning_rate}


def _run_offline(options, experiment, words):
    homeostasis = shared.import_extra("experiments.homeostasis", "experiments")
    if experiment.neurons == "spiking":
        raise SystemExit(
            "nengo-fa: offline, lengths are only measured with rate neurons. "
            "Use --neurons rate."
        )
    experiment = homeostasis.HomeostasisExperiment(experiment, options.spread)
    _run(options, experiment, words)


def _run(options, experiment, words):
    plots = shared.import_plots()
    homeostasis = shared.import_extra("experiments.homeostasis", "experiments")
    portrait = shared.import_extra("experiments.phase_portrait", "experiments")
    folder = shared.get_folder(options, *words)
    data = shared.sweep(experiment, options, folder / "homeostasis.zarr")
    print(f"\n{homeostasis.report(data)}")
    shared.print_claims(homeostasis.check_claims(data))
    shared.draw(plots.homeostasis, data, folder / "homeostasis")
    one_neuron = portrait.make_phase_portrait()
    shared.store(one_neuron, folder / "phase_portrait.zarr")
    shared.draw(plots.phase_portrait, one_neuron, folder / "phase_portrait")
