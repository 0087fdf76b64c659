"""Nengo GUI in a real browser.

Without Chromium or Nengo GUI these tests are skipped, but where the environment variable
CI is set they fail. Screenshots go to the folder that NENGO_FA_SCREENSHOTS names, by
default to that of the test.
"""

import contextlib
import importlib.util
import os
from pathlib import Path

import pytest
from browser import find_chromium, open_browser, open_gui


def need(condition, what):
    """Skip a test if something is missing, or fail in continuous integration."""
    if not condition:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"needs {what}")


@pytest.fixture(scope="session")
def browser():
    """One browser for all tests."""
    need(
        importlib.util.find_spec("nengo_gui"), "Nengo GUI: pip install nengo-gui pillow"
    )
    need(all(find_chromium()), "Chromium: apt-get install chromium chromium-driver")
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def open_model_once(browser):
    """As `open_model`, for a model that the tests of a module share."""
    with contextlib.ExitStack() as stack:
        yield lambda path: stack.enter_context(open_gui(browser, path))


@pytest.fixture
def open_model(browser):
    """A function that opens a model file in Nengo GUI, and returns a `browser.Gui`."""
    with contextlib.ExitStack() as stack:
        yield lambda path: stack.enter_context(open_gui(browser, path))


@pytest.fixture
def screenshots(tmp_path):
    """The folder for screenshots."""
    folder = Path(os.environ.get("NENGO_FA_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
