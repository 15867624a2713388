"""Takes the pictures of the page: a desktop in light, a phone in dark, each view of a real server.

    meds3 serve runs/cpu-demo --set n=8 --port 8000 &
    python docs/screenshots/take.py http://127.0.0.1:8000 --run cpu-demo

Needs Chromium (`apt-get install chromium`) and `pip install playwright`.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).parent
SIZES = {"desktop": (1280, 900, "light"), "phone": (390, 844, "dark")}
PATIENCE_MS = 180_000


def ask(page: Any, url: str, run: str) -> None:
    page.goto(url)
    page.get_by_role("button", name="a choice").click()
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_test_id("answer").wait_for()


def tree(page: Any, url: str, run: str) -> None:
    """The largest of the first trees that were solved."""
    page.goto(f"{url}/#runs/{run}/1")
    solved = page.locator(".problems button", has_text="· solved")
    solved.first.wait_for()
    steps = [int(one.split(" steps")[0].rsplit(" ", 1)[1]) for one in solved.all_inner_texts()]
    solved.nth(steps.index(max(steps))).click()
    page.locator(".tree g.node").first.wait_for()


def records(page: Any, url: str, run: str) -> None:
    page.goto(f"{url}/#records")
    page.locator(".records li").first.wait_for()


VIEWS: dict[str, Callable[[Any, str, str], None]] = {"ask": ask, "tree": tree, "records": records}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("url", help="a server that answers")
    parser.add_argument("--run", default="cpu-demo", help="the run whose tree is shown")
    given = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for size, (width, height, scheme) in SIZES.items():
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme
            )
            context.set_default_timeout(PATIENCE_MS)
            for name, show in VIEWS.items():
                page = context.new_page()
                show(page, given.url, given.run)
                page.evaluate("scrollTo(0, 0)")
                page.wait_for_timeout(500)  # bars grow
                path = FOLDER / f"{name}-{size}.png"
                page.screenshot(path=path, full_page=True)
                print(path)
                page.close()
        browser.close()


if __name__ == "__main__":
    main()
