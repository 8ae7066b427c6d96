"""The console as an operator meets it, in a real browser: on a desk and on a phone, light and dark."""

import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.browser import Page, page_of
from tests.support.console import ROLES
from tests.support.odp_v1_bodies import example
from tests.support.operators import posted
from tests.support.portico import Client
from tests.support.stacks import Stack
from tests.support.tokens import minted

_IS_WIDER = "document.documentElement.scrollWidth > innerWidth"
_LETTERS = 60
"""So many that a job of one a second is not over before somebody looks."""
_FOCUSED = "document.activeElement.textContent"


@pytest.fixture
def tenant() -> str:
    """A tenant that nobody else uses."""
    return f"tenant-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def screen() -> tuple[int, str]:
    """How wide the page is, and the scheme that its reader prefers."""
    return 1280, "light"


@pytest.fixture
async def page(screen: tuple[int, str], portico: Stack, tenant: str, tmp_path: Path) -> AsyncIterator[Page]:
    """The console, signed in; some customers lack their names. Afterwards nothing may have gone wrong or
    been asked of another host."""
    async with aiohttp.ClientSession() as session:
        client = Client(session, portico.gateway.url, minted(tenant))
        await posted(client, *[_nameless(number) for number in range(_LETTERS)])
    admin = portico.gateway.admin
    async with page_of("about:blank", tmp_path / "profile") as one:
        await _emulate(one, *screen)
        await one.call("Page.navigate", url=f"{admin}/console/groups")
        await one.write("#token", minted(tenant, ROLES, sub="ana"))
        await one.click("#sign-in")
        await _comes_to(one, "#groups")
        yield one
        elsewhere = [
            asked for asked in one.requests if not asked.startswith((f"{admin}/", "about:", "data:"))
        ]
        assert ([], []) == (elsewhere, one.faults)


@pytest.mark.parametrize("screen", [(1280, "light"), (390, "dark")], ids=["desk", "phone"])
async def test_from_a_group_to_a_replay(page: Page) -> None:
    """A letter is looked into, mended and replayed, and its job watched until it is done; all of it fits
    the screen."""
    await page.click("#groups .row-link")
    await _comes_to(page, "#letters")
    await page.click("#letters .row-link")
    await _comes_to(page, "#reveal")
    fault = 'document.querySelector(".line.fault .note").textContent'
    assert "REQUIRED: name is required" == await page.evaluate(fault)
    await page.click("#reveal")
    await _comes_to(page, "textarea#payload")
    text = 'document.querySelector("textarea#payload").value'
    mended = {**json.loads(await page.evaluate(text)), "name": "Mended"}
    await page.evaluate(f"{text} = {json.dumps(json.dumps(mended))}")
    await page.click("#keep")
    await _comes_to(page, "#timeline [data-action=edit]")
    await page.click("#doing .replay")
    await _comes_to(page, "#start")
    await page.write("#rate", "50")
    await page.click("#start")
    await _comes_to(page, "#live[data-state=done]")
    await page.until('document.querySelector("#lines .state.resolved") !== null')
    outcome = "document.querySelector('[data-field=outcomes]').textContent"
    assert "created 1" == await page.evaluate(outcome)


async def test_a_running_job_is_live_and_held(page: Page) -> None:
    """Its figures and its list move by themselves; it is paused and ended, and its page shows each."""
    await page.click("#groups .replay")
    await _comes_to(page, "#start")
    await page.write("#rate", "1")
    await page.click("#start")
    await _comes_to(page, "#live[data-state=running]")
    await page.until("document.querySelector('[data-field=letters]').textContent !== '0'")
    await page.evaluate("document.body.dataset.since = 'before'")
    listed = "document.querySelectorAll('#lines tbody tr').length"
    seen = await page.evaluate(listed)
    await page.until(f"{listed} > {seen}")
    assert "before" == await page.evaluate("document.body.dataset.since")  # the same page, not loaded anew
    await page.click("#pause")
    await _comes_to(page, "#live[data-state=paused]")
    await page.click("#cancel")
    await _comes_to(page, "#live[data-state=cancelled]")
    assert await page.evaluate('document.querySelector("#changes") === null')


async def test_the_keyboard_goes_through_a_list(page: Page) -> None:
    """j and k move, x ticks, the first tab stop leads past the navigation."""
    await page.click("#groups .row-link")
    await _comes_to(page, "#letters")
    listed = 'Array.from(document.querySelectorAll("#letters .row-link"), (one) => one.textContent)'
    ids = await page.evaluate(listed)
    for key, expected in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
        await _press(page, key)
        assert ids[expected] == await page.evaluate(_FOCUSED)
    await _press(page, "x")
    ticked = 'Array.from(document.querySelectorAll("#letters input:checked"), (one) => one.value)'
    assert [ids[1]] == await page.evaluate(ticked)
    await page.click("#dry-run")
    await _comes_to(page, "#tally")
    tally = 'document.querySelector("#tally").textContent.trim()'
    assert "1 still fails: REQUIRED" == await page.evaluate(tally)
    await _press(page, "Tab")
    assert "Skip to content" == await page.evaluate(_FOCUSED)


async def test_single_keys_are_explained_and_can_be_turned_off(page: Page) -> None:
    """`?` shows them; they do not act where somebody types, nor once they were turned off."""
    await page.click("#groups .row-link")
    await _comes_to(page, "#letters")
    open_ = 'document.querySelector("#keys").open'
    await page.click("#filters input")
    await page.evaluate('document.querySelector("#filters input").focus()')
    await _press(page, "?")
    assert not await page.evaluate(open_)
    await page.evaluate("document.activeElement.blur()")
    await _press(page, "?")
    assert await page.evaluate(open_)
    await page.click("#keys-on")
    await page.click("#keys button")
    await page.until(f"!{open_}")
    await page.evaluate("document.activeElement.blur()")
    before = await page.evaluate(_FOCUSED)
    await _press(page, "j")
    assert before == await page.evaluate(_FOCUSED)


def _nameless(number: int) -> dict[str, Any]:
    own = {"id": f"c-{number}", "externalIds": [f"app:{number}"], "contacts": {}, "name": ...}
    return example("customers", **own)


async def _comes_to(page: Page, selector: str) -> None:
    """Return once the page has what `selector` finds, and see that nobody must scroll sideways."""
    await page.until(f"document.querySelector({json.dumps(selector)}) !== null")
    await page.until("document.readyState === 'complete'")
    assert not await page.evaluate(_IS_WIDER)


async def _emulate(page: Page, width: int, scheme: str) -> None:
    is_phone = width < 500
    await page.call(
        "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=is_phone
    )
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    await page.call("Emulation.setEmulatedMedia", features=features)


async def _press(page: Page, key: str) -> None:
    text = {} if key == "Tab" else {"text": key}
    await page.call(
        "Input.dispatchKeyEvent", type="keyDown", key=key, code=key, **text, **_CODES.get(key, {})
    )
    await page.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, **_CODES.get(key, {}))


_CODES = {"Tab": {"windowsVirtualKeyCode": 9}}
