"""Embeddings: MiniLM by numpy in one thread, and what Gemini's SDK costs the CPU of a function.

The SDK's figures are those of its client alone, against the stand-in: the service's own time isn't measured.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.figures import Figure
from local.embedding.minilm import MiniLmEmbedder
from local.stand_ins.gemini.server import GEMINI_KEY, GeminiStandIn
from pam.platform.deadline import Deadline
from pam.sources.api_key import ApiKey
from pam.sources.embedding import EmbeddingPurpose
from pam.sources.gemini.client import MAX_BATCH, GeminiEmbedder
from pam.sources.source import Source

ROUNDS = 5

# 26 words: a usual message.
TEXT = (
    "We stayed at a quiet campground near Moab last spring, and the water pump broke on the second day, so we drove to "
    "the next town."
)

_IMPORT = """
import time, warnings; began = time.process_time()
warnings.simplefilter("ignore")
import google.generativeai, google.ai.generativelanguage
print((time.process_time() - began) * 1000)
"""


def run() -> dict[str, Figure]:
    """Measure each several times and take the minimum, which other processes affect least."""
    minilm = MiniLmEmbedder()
    minilm.load()
    deadline = Deadline(600)

    def embed(count: int) -> Callable[[], object]:
        return lambda: minilm.embed(
            [f"{TEXT} {number}" for number in range(count)], EmbeddingPurpose.DOCUMENT, deadline
        )

    imports = [float(subprocess.check_output([sys.executable, "-c", _IMPORT])) for _ in range(ROUNDS)]
    figures = {
        "minilm_single_ms": Figure(_least(time.perf_counter, embed(1)), "ms", "a text of 26 words, alone"),
        "minilm_batch_ms": Figure(
            round(_least(time.perf_counter, embed(MAX_BATCH)) / MAX_BATCH, 2), "ms", "each of a hundred texts together"
        ),
        "gemini_import_ms": Figure(round(min(imports)), "ms", "CPU to import the SDK"),
    }
    return figures | asyncio.run(_client_figures(deadline))


async def _client_figures(deadline: Deadline) -> dict[str, Figure]:
    with TemporaryDirectory(prefix="pam-") as folder:
        stand_in = GeminiStandIn(Path(folder) / "gemini.log")
        await stand_in.start()
        try:
            key = ApiKey(Source.GEMINI, lambda: json.dumps({"key": GEMINI_KEY}))
            embedder = GeminiEmbedder(stand_in.url, key, "gemini-embedding-2")
            embedder.preload()

            def embed(count: int) -> Callable[[], object]:
                return lambda: embedder.embed([TEXT] * count, EmbeddingPurpose.DOCUMENT, deadline)

            await asyncio.to_thread(embed(1))  # builds the client, opens the connection, and loads the model
            single = await asyncio.to_thread(_least, time.thread_time, embed(1))
            batch = await asyncio.to_thread(_least, time.thread_time, embed(MAX_BATCH))
            return {
                "gemini_single_ms": Figure(single, "ms", "CPU of the client for a text alone"),
                "gemini_batch_ms": Figure(round(batch / MAX_BATCH, 2), "ms", "CPU of the client for each of a hundred"),
            }
        finally:
            await stand_in.stop()


def _least(clock: Callable[[], float], work: Callable[[], object]) -> float:
    """Return the milliseconds of the quickest round."""
    times = []
    for _ in range(ROUNDS):
        began = clock()
        work()
        times.append((clock() - began) * 1000)
    return round(min(times), 2)
