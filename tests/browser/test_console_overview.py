"""The console's pages about Portico as a whole, in a real browser."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.browser import Page, page_of
from tests.support.odp_v1_bodies import example
from tests.support.operators import posted
from tests.support.portico import Client
from tests.support.stacks import Stack
from tests.support.tokens import minted

PAGES = ("/console", "/console/ingestions", "/console/dedupe?tenant=nobody", "/console/settings")
_ACCEPTED = """(() => {
  const cell = document.querySelector(".ledger tfoot td");
  return cell ? Number(cell.textContent) : 0;
})()"""
_TALLEST = """Math.max(
  0, ...Array.from(document.querySelectorAll("rect.kind-created"), (bar) => bar.getBBox().height)
)"""
_PAINTED = 'getComputedStyle(document.querySelector("rect.kind-created")).fill'
_BLUE = {"light": "rgb(0, 114, 178)", "dark": "rgb(61, 155, 220)"}


@pytest.fixture
def tenant() -> str:
    """A tenant that nobody else uses."""
    return f"tenant-{uuid.uuid4().hex[:12]}"


@pytest.fixture
async def client(portico: Stack, tenant: str) -> AsyncIterator[Client]:
    """Somebody who posts."""
    async with aiohttp.ClientSession() as session:
        yield Client(session, portico.gateway.url, minted(tenant))


async def test_the_overview_is_live_and_fits_every_screen(
    portico: Stack, client: Client, tmp_path: Path
) -> None:
    """What is posted while somebody looks appears by itself. On a desk and on a phone, light and dark, no
    page is wider than the screen, and nothing that the policy forbids is tried."""
    await posted(client, example("customers", id="c-0"))
    admin = portico.gateway.admin
    async with page_of(f"{admin}/console/login", tmp_path / "profile") as page:
        await page.write("#token", minted(scope="operator.read", org=None))
        await page.click("#sign-in")
        await page.until('document.querySelector("#liveness")?.textContent === "Live."')
        before = await page.evaluate(_ACCEPTED)
        await page.evaluate("window.sameDocument = true")

        await posted(client, *(example("customers", id=f"c-{n}", externalIds=[]) for n in range(1, 41)))

        await page.until(f"{_ACCEPTED} >= {before + 40}")
        assert await page.evaluate("window.sameDocument")
        assert 1 < await page.evaluate(_TALLEST)
        for width, scheme in ((1280, "light"), (390, "dark")):
            await _emulate(page, width, scheme)
            for path in PAGES:
                await page.call("Page.navigate", url=admin + path)
                await page.until(f'location.href === "{admin + path}" && document.readyState === "complete"')
                assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth"), path
                if path == "/console":
                    assert _BLUE[scheme] == await page.evaluate(_PAINTED)
        elsewhere = [one for one in page.requests if not one.startswith((f"{admin}/", "about:"))]
        assert ([], []) == (elsewhere, page.faults)


async def test_the_overview_is_told_in_words_and_waits_for_its_reader(
    portico: Stack, client: Client, tenant: str, tmp_path: Path
) -> None:
    """Each chart has a name, and a table of its numbers. While somebody is in the figures, or holds them,
    they stay as they are and keep the keyboard's place. Without scripts all of it can be read."""
    await posted(client, example("customers", id="c-0"))
    admin = portico.gateway.admin
    async with page_of(f"{admin}/console/login", tmp_path / "profile") as page:
        await page.write("#token", minted(tenant, "operator.read"))
        await page.click("#sign-in")
        await page.until(f"{_ACCEPTED} === 1")
        names = 'Array.from(document.querySelectorAll("svg[role=img]"), (one) => one.ariaLabel)'
        assert ["Records a minute", "Seconds from acc"] == [one[:16] for one in await page.evaluate(names)]
        assert "1" == await page.evaluate('document.querySelector("#numbers td").textContent')

        await page.evaluate('document.querySelector("#numbers summary").focus()')
        await page.evaluate('document.querySelector("#numbers").open = true')
        await posted(client, example("customers", id="c-1", externalIds=[]))
        asked = sum("/overview/figures" in one for one in page.requests)
        await asyncio.sleep(6)
        assert "The same in numbers" == await page.evaluate("document.activeElement.textContent")
        assert 1 == await page.evaluate(_ACCEPTED)
        assert asked == sum("/overview/figures" in one for one in page.requests)
        await page.evaluate("document.activeElement.blur()")
        await page.until(f"{_ACCEPTED} === 2")
        assert await page.evaluate('document.querySelector("#numbers").open')
        await page.click("#hold")
        assert "Held." == await page.evaluate('document.querySelector("#liveness").textContent')

        await page.call("Emulation.setScriptExecutionDisabled", value=True)
        await page.call("Page.reload")
        await page.until('document.querySelector("#hold")?.checkVisibility() === false')
        said = await page.evaluate("document.body.innerText")
        assert "Reload for newer figures." in said
        assert "odp.v1.customers" in said
        assert [] == page.faults


async def _emulate(page: Page, width: int, scheme: str) -> None:
    await page.call(
        "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500
    )
    await page.call(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )
