"""Steps that all commands need, and that other tests check, take little time here."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from nengo_fa.experiments import sweep


@pytest.fixture(autouse=True)
def drafts(monkeypatch):
    """PNGs are coarse and PDFs empty; ``plots/test_saving.py`` is about the real files."""
    savefig = Figure.savefig

    def save(figure, path, **settings):
        if Path(path).suffix == ".pdf":
            Path(path).write_bytes(b"")
        else:
            savefig(figure, path, **{**settings, "dpi": 20})

    monkeypatch.setattr(Figure, "savefig", save)


@pytest.fixture(autouse=True)
def one_worker_in_this_process(monkeypatch):
    """With ``--workers 1`` no process is started; results are the same by any executor.

    That is tested in ``experiments/sweep/test_sweep.py``.
    """
    open_executor = sweep.open_executor

    def open_cheaply(workers=None, scheduler=None):
        if workers == 1 and scheduler is None:
            return ThreadPoolExecutor(1)
        return open_executor(workers, scheduler)

    monkeypatch.setattr(sweep, "open_executor", open_cheaply)
