"""An operator's day at the console: a faulty batch is understood, mended, and replayed through kills."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.browser import Page, page_of
from tests.support.console import ROLES
from tests.support.operators import posted
from tests.support.operators_story import FAULTY, batch, the_end_is_exact
from tests.support.portico import Client
from tests.support.stacks import Stack, embedded_stack, logged
from tests.support.tokens import minted

TENANT = "acme"
LETTERS = "Number(document.querySelector('[data-field=letters]')?.textContent ?? 0)"


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Stack]:
    """A Portico that may be killed."""
    async with embedded_stack(tmp_path) as stack:
        yield stack


@pytest.fixture
async def page(own: Stack, tmp_path: Path) -> AsyncIterator[Page]:
    """The console, not signed in."""
    async with page_of(f"{own.gateway.admin}/console", tmp_path / "profile") as one:
        yield one


async def go(page: Page, url: str) -> None:
    """Open a page, and return when it is there."""
    await page.call("Page.navigate", url=url)
    await page.until(f"location.href === {json.dumps(url)} && document.readyState === 'complete'")


async def has(page: Page, selector: str) -> None:
    """Return when the page has what `selector` finds."""
    await page.until(
        f"document.readyState === 'complete' && document.querySelector({json.dumps(selector)})!==null"
    )


async def text(page: Page, selector: str) -> str:
    """The text of what `selector` finds."""
    await has(page, selector)
    found: str = await page.evaluate(f"document.querySelector({json.dumps(selector)}).textContent")
    return " ".join(found.split())


async def set_value(page: Page, selector: str, value: str) -> None:
    """Fill a field, whatever was in it."""
    await has(page, selector)
    await page.evaluate(f"document.querySelector({json.dumps(selector)}).value = {json.dumps(value)}")


async def killed(own: Stack, page: Page, url: str) -> None:
    """Portico ends without a word, starts again, and the operator looks again."""
    await own.gateway.kill()
    await own.gateway.start()
    await go(page, url)


async def test_a_faulty_batch_is_understood_mended_and_replayed(own: Stack, page: Page) -> None:
    """What could be mended is stored, once, and the rest says why; whoever did what is in the audit."""
    sent = batch()
    async with aiohttp.ClientSession() as session:
        client = Client(session, own.gateway.url, minted(TENANT))
        assert {"created": 970, "dead": FAULTY} == await posted(client, *sent)
    console = f"{own.gateway.admin}/console"
    await page.write("#token", minted(TENANT, ROLES, sub="ana"))
    await page.click("#sign-in")
    await page.until("!location.pathname.endsWith('/login')")

    await go(page, f"{console}/groups")
    for code in ("REQUIRED", "INVALID_TYPE", "INVALID_TIMESTAMP"):
        assert "10" == await text(page, f"#groups [data-code={code}] .row-link")
    await page.click("#groups [data-code=REQUIRED] .dry-run")
    assert "10 still fails: REQUIRED" in await text(page, "#tally")

    await go(page, f"{console}/groups")
    await page.click("#groups [data-code=INVALID_TYPE] .patch")
    await set_value(page, "#transform", "wrap-in-array")
    await set_value(page, "#pointer", "/externalIds")
    await page.click("#preview")
    assert "would create" in await text(page, ".sample")
    await page.click("#apply")
    assert "10" in await text(page, "#tally")
    edited = await edit_one(page, console)

    await go(page, f"{console}/replay?tenant={TENANT}")
    await page.write("#rate", "2")
    await page.click("#start")
    await has(page, "#live[data-state=running]")
    await page.until(f"{LETTERS} >= 3")
    await page.click("#pause")
    await has(page, "#live[data-state=paused]")
    job: str = await page.evaluate("location.origin + location.pathname")
    await killed(own, page, job)
    held = await page.evaluate(LETTERS)
    await page.click("#resume")
    await page.until(f"{LETTERS} >= {held + 4}")
    await killed(own, page, job)
    await has(page, "#live[data-state=done]")

    assert f"{FAULTY - 11}" == await text(page, "[data-field=failed]")
    own.mongodb_url = str(logged(own.gateway, "embedded_mongodb_started")["url"])
    await the_end_is_exact(own, sent, edited, job.rpartition("/")[2])


async def edit_one(page: Page, console: str) -> int:
    """Give the oldest nameless customer a name; the place of its record."""
    await go(page, f"{console}/groups")
    await page.click("#groups [data-code=REQUIRED] .row-link")
    await page.click("#letters .row-link")
    await page.click("#reveal")
    await has(page, "textarea#payload")
    payload: dict[str, Any] = json.loads(
        await page.evaluate("document.querySelector('textarea#payload').value")
    )
    await set_value(page, "textarea#payload", json.dumps({**payload, "name": "Mended"}))
    await page.click("#keep")
    await has(page, "#timeline [data-action=edit]")
    return int(payload["id"].removeprefix("c-"))
