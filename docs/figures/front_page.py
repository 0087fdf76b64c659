"""The picture of the front page, and the numbers of its claims.

``python docs/figures/front_page.py`` computes both anew, in a quarter of an hour, and writes
``front_page.png`` and ``front_page.json`` to ``docs/_static``.
"""

import contextlib
import io
import json
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from nengo_fa.experiments import online
from nengo_fa.experiments.multiplication import MultiplicationExperiment
from nengo_fa.networks import MultiplicationComparison
from nengo_fa.palette import FIXED, LEARNED
from nengo_fa.plots.drawing import in_style, open_frame
from nengo_fa.version import __version__

DOCS = Path(__file__).resolve().parent.parent


def learn_online(seeds, seconds):
    """Multiply in spikes, with learned and with fixed encoders, once for each seed."""
    return [
        online.run(MultiplicationComparison(50, seed=seed), seconds, progress_bar=False)
        for seed in seeds
    ]


def summarize_online(results):
    """Return the error with learned encoders over that with fixed ones, and angles."""
    ratios = [result.ratio for result in results]
    return {
        "n_neurons": 50,
        "seconds": results[0].seconds,
        "window": results[0].window,
        "ratios": ratios,
        "median_ratio": np.median(ratios),
        "n_better": sum(bool(ratio < 1) for ratio in ratios),
        "angle_at_start": np.median([result.angle[0] for result in results]),
        "angle_at_end": np.median([result.final_angle for result in results]),
    }


def learn_offline(n_trials, epochs):
    """Return median errors of the paper's first experiment."""
    experiment = MultiplicationExperiment(n_trials=n_trials, epochs=epochs)
    rmse = experiment.run_here()["rmse"].median("trial")
    last = rmse.isel(epoch=-1).sel(normalization="augmented")
    return {
        "configuration": {"n_trials": n_trials, **experiment.configuration},
        "untaught": float(rmse.isel(epoch=0).max()),
        "feedback_alignment": float(last.sel(rule="FeedbackAlignment")),
        "backprop": float(last.sel(rule="Backprop")),
    }


def learn_regression(seeds, epochs):
    """Run the regression of the gallery, and return what it prints."""
    script = (DOCS / "examples" / "regression.py").read_text()
    found = {"fixed": [], "learned": [], "in_spikes": []}
    for seed in seeds:
        names = {}
        changed = script.replace("seed = 1\n", f"seed = {seed}\n")
        with contextlib.redirect_stdout(io.StringIO()):
            exec(changed.replace("epochs=100", f"epochs={epochs}"), names)
        for name, values in found.items():
            values.append(names[name])
    medians = {f"median_{name}": np.median(values) for name, values in found.items()}
    return {"n_seeds": len(seeds), "epochs": epochs, **found, **medians}


@in_style
def draw(results):
    """Draw encoders of a typical network before and after, and the error over time."""
    order = np.argsort([result.ratio for result in results])
    typical = results[order[(len(order) - 1) // 2]]
    figure = Figure(figsize=(8, 2.7), layout="constrained")
    before, after, error = figure.subplots(1, 3, width_ratios=[1, 1, 1.6])
    draw_encoders(before, typical.encoders[:1], "Encoders at the start")
    draw_encoders(after, typical.encoders, f"… after {typical.seconds:.0f} s")
    draw_error(error, results, "fixed", FIXED)
    draw_error(error, results, "learned", LEARNED)
    error.set(xlabel="Time (s)", xlim=(0, typical.seconds), ylim=(0, None))
    error.set_title(f"Error of the product (RMSE, {len(results)} networks)")
    error.legend(frameon=False, fontsize=10)
    open_frame(error)
    return figure


def draw_encoders(axes, encoders, title):
    """Draw the paths of encoders, and where they end, with the diagonals."""
    for sign in (1, -1):
        axes.plot([-1.2, 1.2], [-1.2 * sign, 1.2 * sign], ":", color="0.6", zorder=0)
    for path in np.moveaxis(encoders, 1, 0):
        axes.plot(*path.T, color="0.75", linewidth=0.8, zorder=1)
        axes.plot(*zip((0, 0), path[-1]), color=LEARNED, linewidth=0.7, alpha=0.5)
    axes.plot(*encoders[-1].T, "o", color=LEARNED, markersize=4)
    axes.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal", title=title)
    axes.set(xticks=[], yticks=[], xlabel="$x_1$", ylabel="$x_2$")
    axes.spines[:].set_visible(False)


def draw_error(axes, results, encoders, colour):
    """Draw the root mean square of the error over networks and a tenth of the time."""
    rmse = np.array([getattr(result, f"rmse_{encoders}") for result in results])
    width = max(1, rmse.shape[1] // 10)
    window = np.ones(width) / width
    time = np.convolve(results[0].time, window, mode="valid")
    squares = np.convolve((rmse**2).mean(axis=0), window, mode="valid")
    label = f"{encoders} encoders"
    axes.plot(time, np.sqrt(squares), color=colour, linewidth=1.8, label=label)


def main(folder=DOCS / "_static", n_seeds=8, seconds=100.0, n_trials=200, epochs=100):
    """Compute all, and write the picture and the numbers to a folder."""
    results = learn_online(range(n_seeds), seconds)
    numbers = {
        "version": __version__,
        "online": summarize_online(results),
        "offline": learn_offline(n_trials, epochs),
        "regression": learn_regression(range(max(1, n_seeds // 2)), epochs),
    }
    text = json.dumps(numbers, indent=1, default=float)
    Path(folder, "front_page.json").write_text(text + "\n")
    draw(results).savefig(Path(folder, "front_page.png"), dpi=125)


if __name__ == "__main__":
    main()
