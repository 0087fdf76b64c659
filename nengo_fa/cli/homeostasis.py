"""The command ``nengo-fa homeostasis``."""

from nengo_fa.cli import mnist, multiplication
from nengo_fa.cli.in_seconds import add_seconds_options, make_experiment
from nengo_fa.cli.shared import (
    add_command,
    draw,
    get_folder,
    import_extra,
    import_plots,
    number,
    print_claims,
    store,
    sweep,
)

#: Number of trials online, and seconds.
FULL, QUICK = (7, 30), (2, 2)


def add_to(commands):
    """Add the command to those of the parser."""
    command = commands.add_parser(
        "homeostasis",
        help="whether lengths of encoders are attracted to one: four normalizations in "
        "the paper's experiments, and online",
    )
    experiments = command.add_subparsers(required=True, metavar="EXPERIMENT")
    for name, run, help, add_options in (
        (
            "multiplication",
            run_multiplication,
            "the paper's first experiment",
            multiplication.add_experiment_options,
        ),
        (
            "mnist",
            run_mnist,
            "the paper's second experiment, or other samples",
            mnist.add_experiment_options,
        ),
        (
            "online",
            run_online,
            "multiplication online, in spikes",
            lambda command: add_seconds_options(command, FULL, QUICK),
        ),
    ):
        experiment = add_command(experiments, name, run, help)
        experiment.set_defaults(command=f"homeostasis-{name}")
        experiment.add_argument(
            "--spread",
            type=number(float, 0, 0.9),
            default=0.1,
            metavar="SPREAD",
            help="how far from one lengths may be at the start (default: %(default)s)",
        )
        experiment.add_argument(
            "--learning-rate",
            type=number(float, 0, 10**6),
            metavar="RATE",
            help="learning rate of the encoder rules (default: that of the experiment)",
        )
        add_options(experiment)


def run_multiplication(options):
    """Run the trials of the first experiment, print the claims and draw the figures."""
    experiment = multiplication.make_experiment(
        options, n_quick=4, **_get_learning_rate(options)
    )
    _run_offline(options, experiment, [options.neurons])


def run_mnist(options):
    """The same, of the second experiment."""
    precision = import_extra("experiments.sweep", "experiments").precision
    with precision(options.bits):
        experiment = mnist.make_experiment(options, **_get_learning_rate(options))
        _run_offline(options, experiment, mnist.name_data(experiment))


def run_online(options):
    """The same, online."""
    online = import_extra("experiments.homeostasis_online", "experiments")
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
    homeostasis = import_extra("experiments.homeostasis", "experiments")
    if experiment.neurons == "spiking":
        raise SystemExit("nengo-fa: offline, lengths are measured in rates only.")
    experiment = homeostasis.HomeostasisExperiment(experiment, options.spread)
    _run(options, experiment, words)


def _run(options, experiment, words):
    plots = import_plots()
    homeostasis = import_extra("experiments.homeostasis", "experiments")
    portrait = import_extra("experiments.phase_portrait", "experiments")
    folder = get_folder(options, *words)
    data = sweep(experiment, options, folder / "homeostasis.zarr")
    print(f"\n{homeostasis.report(data)}")
    print_claims(homeostasis.check_claims(data))
    draw(plots.homeostasis, data, folder / "homeostasis")
    one_neuron = portrait.make_phase_portrait()
    store(one_neuron, folder / "phase_portrait.zarr")
    draw(plots.phase_portrait, one_neuron, folder / "phase_portrait")
