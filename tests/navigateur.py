"""A browser for the tests of pages."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@contextmanager
def chromium() -> "Iterator[Browser]":
    """Start Chromium, which asks nothing of the network by itself; the test is skipped where there is none."""
    path = next(
        (c for n in ("chromium", "chromium-browser", "google-chrome") if (c := shutil.which(n))), None
    )
    if path is None:
        pytest.skip("no Chromium here (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as moteur:
        instance = moteur.chromium.launch(executable_path=path, args=arguments)
        yield instance
        instance.close()
