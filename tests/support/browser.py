"""A real Chromium without a window, driven over the Chrome DevTools Protocol."""

import asyncio
import itertools
import json
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

_PATIENCE = 30.0
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    # Whatever asks for another host finds none, be it the page or the browser itself.
    *("--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"),
    *("--window-size=1200,1600", "--remote-debugging-port=0"),
)


class Page:
    """One page: what it asked for, what went wrong in it, and what it holds."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.requests: list[str] = []
        self.faults: list[str] = []
        self._socket = socket
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def listen(self) -> None:
        """Take in what the browser says, until it ends."""
        async for message in self._socket:
            said = json.loads(message.data)
            if "id" in said:
                self._answers.pop(said["id"]).set_result(said)
            else:
                self._note(said["method"], said["params"])

    def _note(self, event: str, told: dict[str, Any]) -> None:
        if event == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif event == "Runtime.exceptionThrown":
            self.faults.append(json.dumps(told["exceptionDetails"]))
        elif event == "Log.entryAdded" and told["entry"]["level"] in {"warning", "error"}:
            self.faults.append(f"{told['entry']['text']} ({told['entry'].get('url')})")
        elif event == "Runtime.consoleAPICalled" and told["type"] in {"warning", "error", "assert"}:
            self.faults.append(json.dumps(told["args"]))

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol, and its result."""
        number = next(self._ids)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        said = await asyncio.wait_for(answer, _PATIENCE)
        assert "error" not in said, said["error"]
        found: dict[str, Any] = said["result"]
        return found

    async def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression in the page."""
        said = await self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in said, said["exceptionDetails"]
        return said["result"].get("value")

    async def until(self, script: str) -> Any:
        """The value of an expression, once it is one that JavaScript takes for true."""
        deadline = time.monotonic() + _PATIENCE
        while not (value := await self.evaluate(script)):
            assert time.monotonic() < deadline, f"never true: {script}; faults: {self.faults}"
            await asyncio.sleep(0.05)
        return value

    async def click(self, selector: str) -> None:
        """Click what a CSS selector finds, once it is there."""
        await self.evaluate(f"{await self._found(selector)}.click()")

    async def write(self, selector: str, text: str) -> None:
        """Type `text` into the field that a CSS selector finds, once it is there."""
        await self.evaluate(f"{await self._found(selector)}.focus()")
        await self.call("Input.insertText", text=text)

    async def _found(self, selector: str) -> str:
        script = f"document.querySelector({json.dumps(selector)})"
        await self.until(f"{script} !== null")
        return script


@asynccontextmanager
async def page_of(url: str, home: Path) -> AsyncIterator[Page]:
    """A page that opens `url` in a browser of its own, whose profile is the empty directory `home`."""
    command = shutil.which("chromium")
    assert command is not None, "there is no chromium: `make test` installs it on Debian and Ubuntu"
    process = await asyncio.create_subprocess_exec(
        command,
        *_FLAGS,
        f"--user-data-dir={home}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        base = f"http://127.0.0.1:{await _debugging_port(home / 'DevToolsActivePort')}"
        async with aiohttp.ClientSession() as session:
            async with session.put(f"{base}/json/new?about:blank") as response:
                target = (await response.json())["webSocketDebuggerUrl"]
            async with session.ws_connect(target, max_msg_size=0) as socket:
                page = Page(socket)
                listening = asyncio.create_task(page.listen())
                for domain in ("Network", "Runtime", "Log", "Page"):
                    await page.call(f"{domain}.enable")
                await page.call("Page.navigate", url=url)
                yield page
                await socket.close()
                await listening
    finally:
        process.kill()
        await process.wait()


async def _debugging_port(file: Path) -> int:
    """The port that the browser writes down once it listens there."""
    deadline = time.monotonic() + _PATIENCE
    while not (file.exists() and (text := file.read_text())):
        assert time.monotonic() < deadline, "the browser does not start"
        await asyncio.sleep(0.05)
    return int(text.split()[0])
