"""Load on ``intona serve``, beside what people write first: FastAPI, librosa, a pickled MLP.

Both serve the same kind of model (the tutorial's features, a one-layer perceptron) trained on
the same synthetic clips, with the same number of processes, on the loopback interface. ours
finds the speech in each clip too; the other side does not. Then ours alone: memory over many
requests, and live streams in real time.

Run ``python benchmarks/server.py`` (needs the server and dev extras; about five minutes).
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import soundfile
from _measure import memory, options, run, tell
from websockets.asyncio.client import connect

from intona import corpora
from intona.corpora import synthetic
from intona.models import recipes
from intona.models.train import train

PEER = """
import io, pickle
from fastapi import FastAPI, UploadFile
from server import features

app = FastAPI()
with open("model.pickle", "rb") as file:
    model = pickle.load(file)

@app.post("/v1/predict")
def predict(file: UploadFile):
    row = model.predict_proba([features(io.BytesIO(file.file.read()))])[0]
    return dict(zip(model.classes_, row.tolist()))

@app.get("/readyz")
def readyz():
    return {}
"""
EMOTIONS = ("neutral", "happy", "sad", "angry")


def main() -> None:
    given = options(
        __doc__,
        processes=2,
        clients=8,
        uploads=400,
        peer_uploads=100,
        many=(10_000, "uploads of the memory test"),
        streams=16,
        stream_seconds=20.0,
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        clips = [wav(emotion, 3.5, 48_000, take) for take, emotion in enumerate(EMOTIONS)]
        short = [wav("happy", 1.0, 16_000, 0)]
        settings = (given.clients, given.uploads)
        with intona(folder, given.processes, given.streams) as (url, pid):
            asyncio.run(uploads(url, clips, given.clients, given.processes * 4))  # warm
            ours = asyncio.run(uploads(url, clips, *settings))
            print("intona:", ours, flush=True)
            asyncio.run(uploads(url, short, given.clients, max(1, given.many // 10)))
            early = sum(memory(pid))
            asyncio.run(uploads(url, short, given.clients, given.many))
            late = sum(memory(pid))
            print(f"memory: {early} MB, after {given.many} more requests {late} MB", flush=True)
            lags = asyncio.run(live(url, given.streams, given.stream_seconds))
            print(f"{given.streams} live streams:", lags, flush=True)
        with peer(folder, given.processes) as url:
            asyncio.run(uploads(url, clips, given.clients, given.processes * 4))  # warm
            theirs = asyncio.run(uploads(url, clips, given.clients, given.peer_uploads))
            print("FastAPI + librosa + pickle:", theirs, flush=True)
    ratio = ours["requests_per_second"] / theirs["requests_per_second"]
    tell(
        "uploads of 3.5 s at 48 kHz, classic features, perceptron",
        processes=given.processes,
        clients=given.clients,
        intona=ours,
        fastapi_librosa_pickle=theirs,
        ratio_requests_per_second=round(ratio, 1),
        megabytes_early_late=[early, late],
        requests_between=given.many,
        streams=given.streams,
        stream_lag=lags,
    )


def prepare(folder: Path) -> None:
    """Train the same kind of model for both sides, on the same voices."""
    from sklearn.neural_network import MLPClassifier

    voices = synthetic.corpus(folder / "voices", emotions=EMOTIONS, speakers=4, takes=2)
    corpus = corpora.load([voices])
    train(recipes.load("classic"), corpus, folder / "model.onnx")
    rows = [features(file) for file, *_ in corpus.table.index]
    labels = list(corpus.table["emotion"])
    model = MLPClassifier((200,), learning_rate="adaptive", max_iter=400, random_state=0)
    (folder / "model.pickle").write_bytes(pickle.dumps(model.fit(np.array(rows), labels)))
    (folder / "peer.py").write_text(PEER)


def features(file: str | io.BytesIO) -> np.ndarray:
    """The tutorial's features, as the other side computes them."""
    import librosa

    sound, rate = soundfile.read(file, dtype="float32")
    stft = np.abs(librosa.stft(sound))
    parts = (
        librosa.feature.mfcc(y=sound, sr=rate, n_mfcc=40),
        librosa.feature.chroma_stft(S=stft, sr=rate),
        librosa.feature.melspectrogram(y=sound, sr=rate),
    )
    return np.hstack([part.mean(axis=1) for part in parts])


def wav(emotion: str, seconds: float, rate: int, take: int) -> bytes:
    file = io.BytesIO()
    voice = synthetic.utterance(emotion, speaker=9, take=take, rate=rate, seconds=seconds)
    soundfile.write(file, voice.samples, rate, format="WAV", subtype="PCM_16")
    return file.getvalue()


@contextmanager
def intona(folder: Path, processes: int, streams: int) -> Iterator[tuple[str, int]]:
    options = ["--port", "8991", "--workers", str(processes), "--max-streams", str(streams), "-q"]
    command = [sys.executable, "-m", "intona", "serve", "--model", str(folder / "model.onnx")]
    with running([*command, *options], folder, 8991) as pid:
        yield "http://127.0.0.1:8991", pid


@contextmanager
def peer(folder: Path, processes: int) -> Iterator[str]:
    options = ["--port", "8992", "--workers", str(processes), "--log-level", "warning"]
    with running([sys.executable, "-m", "uvicorn", "peer:app", *options], folder, 8992):
        yield "http://127.0.0.1:8992"


@contextmanager
def running(command: list[str], folder: Path, port: int) -> Iterator[int]:
    paths = [*sys.path, str(Path(__file__).parent)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, env=environment)
    try:
        for _ in range(600):
            try:
                httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        else:
            raise SystemExit("a service did not start")
        yield process.pid
    finally:
        process.terminate()
        process.wait()


async def uploads(url: str, clips: list[bytes], clients: int, count: int) -> dict[str, float]:
    """Send clips from several clients, each waiting for its answer before the next."""
    times: list[float] = []
    numbers = iter(range(count))

    async def client() -> None:
        async with httpx.AsyncClient(base_url=url, timeout=120, trust_env=False) as http:
            for number in numbers:
                begin = time.perf_counter()
                clip = clips[number % len(clips)]
                answer = await http.post("/v1/predict", files={"file": ("clip.wav", clip)})
                answer.raise_for_status()
                times.append(time.perf_counter() - begin)

    begin = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    seconds = time.perf_counter() - begin
    return {"requests_per_second": round(count / seconds, 1), **spread(times)}


async def live(url: str, streams: int, seconds: float) -> dict[str, float]:
    """Speak into several streams in real time; how long after its sound comes an update?"""
    rate = 48_000
    voice = [synthetic.utterance("happy", take=k, rate=rate, seconds=4).samples for k in range(5)]
    pcm = (np.concatenate(voice) * 32_767).astype("<i2")[: int(seconds * rate)].tobytes()
    step = rate * 2 // 20  # 50 ms
    lags: list[float] = []

    async def one(number: int) -> None:
        await asyncio.sleep(number * 0.5 / streams)
        target = f"{url.replace('http', 'ws')}/v1/stream?rate={rate}"
        async with connect(target, proxy=None, compression=None) as stream:
            await stream.recv()
            begin = time.perf_counter()

            async def listen() -> None:
                async for message in stream:
                    event = json.loads(message)
                    if event["event"] == "update":
                        lags.append(time.perf_counter() - begin - event["end"])

            listener = asyncio.create_task(listen())
            for k, first in enumerate(range(0, len(pcm), step)):
                await asyncio.sleep(max(0.0, begin + (k + 1) * 0.05 - time.perf_counter()))
                await stream.send(pcm[first : first + step])
            await stream.send('{"event": "end"}')
            await listener

    await asyncio.gather(*(one(number) for number in range(streams)))
    return {"updates": len(lags), **spread(lags)}


def spread(seconds: list[float]) -> dict[str, float]:
    half, most = np.percentile(seconds, [50, 99]) * 1000
    return {"p50_ms": round(float(half), 1), "p99_ms": round(float(most), 1)}


if __name__ == "__main__":
    run(main)
