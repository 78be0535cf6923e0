"""The order of frames."""

import itertools
import random

from tests.web.node import run

FRAMES = """
    const { FrameSequencer } = await load("frame_sequencer.js");
    return given.map((seqs) => {
        const frames = new FrameSequencer();
        const released = seqs.map((seq) => frames.push({ seq }).map((frame) => frame.seq));
        return [released, frames.lastSeq, frames.hasGap];
    });
"""


def test_frames_are_released_once_and_in_order():
    """Early frames are buffered until their turn, and duplicates are dropped."""
    assert run(FRAMES, [[1, 2, 3], [2, 1, 3], [1, 1, 3, 3, 2, 2], [3], [0, -1, 1]]) == [
        [[[1], [2], [3]], 3, False],
        [[[], [1, 2], [3]], 3, False],
        [[[1], [], [], [], [2, 3], []], 3, False],
        [[[]], 0, True],
        [[[], [], [1]], 1, False],
    ]


def test_shuffled_frames_are_released_in_order():
    """Twenty frames, shuffled and duplicated, are released in order without a gap."""
    rng = random.Random(7)
    orders = [rng.sample([*range(1, 21)] * 2, 40) for _ in range(200)]
    for released, last_seq, has_gap in run(FRAMES, orders):
        assert list(itertools.chain(*released)) == [*range(1, 21)]
        assert (last_seq, has_gap) == (20, False)
