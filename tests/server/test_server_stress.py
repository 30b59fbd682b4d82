"""Being stopped under load, and thousands of tiny streams."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from pathlib import Path

import httpx
import pytest
from server_process import Running, Start
from websockets.asyncio.client import connect

CLIENTS = 6


def _alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_stopped_under_load_no_answer_is_wrong(start: Start) -> None:
    service = start(workers=2)
    children = service.children()
    assert len(children) == 3
    answers: list[int] = []
    lost: list[str] = []
    stop = threading.Event()

    def hammer() -> None:
        with httpx.Client(base_url=service.url, timeout=30, trust_env=False) as client:
            while not stop.is_set():
                try:
                    answer = client.post(
                        "/v1/predict", files={"file": ("sleep-0.1.wav", bytes(200_000))}
                    )
                except httpx.TransportError as error:
                    lost.append(type(error).__name__)
                    return
                answers.append(answer.status_code)
                if answer.status_code == 200:
                    assert answer.json()["file"] == "sleep-0.1.wav"

    threads = [threading.Thread(target=hammer) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    time.sleep(1.5)
    before = len(answers)
    service.process.send_signal(signal.SIGTERM)
    service.process.wait(timeout=20)
    stop.set()
    for thread in threads:
        thread.join()
    assert before > 5
    assert set(answers) == {200}
    # What was being worked on was answered; a client lost at most its next request.
    assert len(answers) > before
    assert len(lost) <= CLIENTS
    assert not any(_alive(pid) for pid in children)


def test_killed_outright_the_workers_end_too(start: Start) -> None:
    service = start()
    children = service.children()
    service.process.kill()
    service.process.wait(timeout=10)
    deadline = time.monotonic() + 10
    while any(map(_alive, children)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(_alive, children))


def _resident(service: Running) -> int:
    """Megabytes of the service and its workers."""
    return sum(
        int(Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()[0]) // 1024
        for pid in [service.process.pid, *service.children()]
    )


async def _tiny_streams(service: Running, count: int) -> list[str]:
    url = f"ws://127.0.0.1:{service.port}/v1/stream?rate=16000"
    places = asyncio.Semaphore(8)
    first: list[str] = []

    async def one(number: int) -> None:
        async with places, connect(url, proxy=None, compression=None) as stream:
            first.append((await stream.recv())[:16])
            await stream.send(bytes(320 * (number % 5)))
            if number % 2:
                await stream.send('{"event": "end"}')
                async for _ in stream:
                    pass

    await asyncio.gather(*(one(number) for number in range(count)))
    return first


@pytest.mark.slow
def test_ten_thousand_tiny_streams_leave_nothing(start: Start) -> None:
    service = start(handler="intona.server.handler:ModelHandler")
    asyncio.run(_tiny_streams(service, 500))
    before = _resident(service)
    opened = asyncio.run(_tiny_streams(service, 10_000))
    assert opened == ['{"event":"ready"'] * 10_000
    assert _resident(service) - before < 40
    assert service.metric("intona_streams_open") == 0
    assert service.metric("intona_worker_deaths_total") == 0
