"""Nengo GUI in Chromium, for tests and benchmarks.

Needs Debian's packages chromium and chromium-driver, or the like.
"""

import contextlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.support.wait import WebDriverWait

# in seconds: a busy machine is no failure
PATIENCE = 120

FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic "
    "--no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --enable-precise-memory-info --window-size=1600,1000"
)

# Nengo GUI draws the time axis of a plot once before it knows how much time it shows.
HARMLESS = 'attribute transform: Trailing garbage, "translate(0,NaN)"'

# Ends when its standard input does: with the process that started it, however that ends.
SERVER = """
import os, sys, threading
from nengo_gui.main import main
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
main()
"""

VIEWS = """
return Array.from(document.querySelectorAll(".htmlview")).map(view => {
    const label = view.parentElement.querySelector(".label").textContent;
    const svg = view.querySelector("svg");
    return [label, view.innerHTML, svg ? Object.assign({}, svg.dataset) : {}];
});
"""


class View(NamedTuple):
    """The text of an HTML view, and the ``data-*`` attributes of its SVG element."""

    html: str
    data: dict


class Gui:
    """A model in Nengo GUI, as a person sees it in the browser.

    Parameters
    ----------
    browser : selenium.webdriver.Chrome
        Which is at the page of the model.
    process : subprocess.Popen
        That of Nengo GUI.
    log : pathlib.Path
        What Nengo GUI prints in the terminal.
    """

    def __init__(self, browser, process, log):
        self.browser = browser
        self.process = process
        self._log = log
        self._javascript_errors = []

    def wait(self, condition, what):
        """Wait until ``condition()`` is true."""
        try:
            WebDriverWait(self.browser, PATIENCE, 0.05).until(lambda _: condition())
        except TimeoutException:
            raise AssertionError(
                f"Waited for {what} in vain; {self.state} at {self.time} s\n"
                f"{self.console_error}\n{self.javascript_errors}\n{self.log}"
            ) from None

    def read(self, selector):
        """The text of an element, in one go, as Nengo GUI replaces some all the time."""
        script = "return document.querySelector(arguments[0]).textContent"
        return self.browser.execute_script(script, selector)

    def click(self, selector):
        self.browser.find_element("css selector", selector).click()

    @property
    def state(self):
        """``"paused"``, ``"running"``, ``"building"`` or ``"error"``."""
        icon = self.browser.find_element("css selector", "#pause_button_icon")
        name = icon.get_attribute("class").split("-")[-1]
        return dict(play="paused", pause="running", cog="building", remove="error")[
            name
        ]

    @property
    def time(self):
        """Simulated time in seconds."""
        return float(self.read("#ticks_tr td"))

    def play(self):
        if self.state == "paused":
            self.click("#pause_button")
        self.wait(lambda: self.state in ("running", "error"), "play")

    def pause(self):
        if self.state != "paused":
            self.click("#pause_button")
        self.wait(lambda: self.state == "paused", "pause")

    def run(self, seconds):
        """Play for at least some simulated seconds, then pause; an error is a failure."""
        end = self.time + seconds
        self.play()
        self.wait(lambda: self.state == "error" or self.time >= end, f"{end} s")
        assert self.state != "error", self.console_error
        self.pause()

    def reset(self):
        # a reset in the middle of a step may leave the clock at that step
        self.pause()
        self.click("#reset_button")
        self.wait(lambda: self.time == 0, "reset")

    @property
    def views(self):
        """Each `View` under its label."""
        views = self.browser.execute_script(VIEWS)
        return {label: View(html, data) for label, html, data in views}

    def set_slider(self, label, value):
        """Type a value into the slider under a label, which has one handle.

        Nengo GUI drops what is set before the first play, or before that after a reset.
        """
        (slider,) = [
            slider
            for slider in self.browser.find_elements(
                "css selector", "[data-object-type=slider]"
            )
            if slider.find_element("css selector", ".label").text == label
        ]
        handle = slider.find_element("css selector", "[data-object-type=slider_handle]")
        handle.click()
        self.wait(
            lambda: handle.find_elements("tag name", "input"), "a field to type in"
        )
        # all of it is selected when it opens
        ActionChains(self.browser).send_keys(str(value), Keys.ENTER).perform()
        self.wait(lambda: handle.text == f"{value:.2f}", f"{label} = {value}")

    @property
    def console_error(self):
        """The error in the console below the editor, if it is displayed."""
        return self.browser.find_element("css selector", "#console_error").text

    @property
    def javascript_errors(self):
        """Errors in the browser."""
        self._javascript_errors += [
            entry["message"]
            for entry in self.browser.get_log("browser")
            if entry["level"] == "SEVERE" and HARMLESS not in entry["message"]
        ]
        return self._javascript_errors

    @property
    def log(self):
        """The output of Nengo GUI in the terminal, which users do not see."""
        return self._log.read_text()

    def screenshot(self, path):
        assert self.browser.save_screenshot(str(path))


def find_chromium():
    """Return the paths of Chromium and its driver, or None if one is missing."""
    return shutil.which("chromium"), shutil.which("chromedriver")


@contextlib.contextmanager
def open_browser():
    """Start Chromium without a window."""
    binary, driver = find_chromium()
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in FLAGS.split():
        options.add_argument(flag)
    service = webdriver.ChromeService(driver)
    with webdriver.Chrome(options=options, service=service) as browser:
        yield browser


@contextlib.contextmanager
def open_gui(browser, path):
    """Open a copy of a model and its layout in Nengo GUI, in a process of its own.

    It is a copy, as Nengo GUI writes into the layout.
    """
    command = [sys.executable, "-u", "-c", SERVER, path.name, "--no-browser"]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "nengo_gui.log")
        for file in (path, path.with_name(path.name + ".cfg")):
            if file.exists():
                shutil.copy(file, folder)
        with open(log, "w") as output:
            process = subprocess.Popen(
                [*command, "--port", "0", "--auto-shutdown", "0"],
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
            )
        gui = Gui(browser, process, log)
        try:
            deadline = time.monotonic() + PATIENCE
            while not (address := re.search(r"http://\S+", gui.log)):
                assert process.poll() is None and time.monotonic() < deadline, gui.log
                time.sleep(0.05)
            browser.get(address[0])
            code = "return Nengo.ace && Nengo.ace.current_code"
            gui.wait(lambda: browser.execute_script(code), "the page")
            yield gui
        finally:
            browser.get("about:blank")
            process.stdin.close()
            process.wait(PATIENCE)
