"""The Markdown parser."""

import itertools
import random

import pytest

from tests.web.node import run

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
def spans() -> dict[str, list]:
    """The spans of each text in INLINE."""
    return dict(zip(INLINE, run(SPANS, [*INLINE]), strict=True))


@pytest.fixture(scope="module")
def blocks() -> dict[str, list]:
    """The blocks of each text in BLOCK."""
    return dict(zip(BLOCK, run(BLOCKS, [*BLOCK]), strict=True))


@pytest.mark.parametrize("text", INLINE)
def test_inline_markdown_is_parsed(spans, text):
    """Emphasis, code, links and line breaks are parsed; everything else is text."""
    assert spans[text] == INLINE[text]


def test_unclosed_span_is_rendered_as_closed_while_streaming():
    """While more text is to come, an unclosed span is rendered as if it were closed."""
    script = SPANS.replace("readSpans(text)", "readSpans(text, { open: true })")
    assert run(script, ["a **b", "`c", "see [the pa", "see [the page](https://x.exa", "see https://x.exa"]) == [
        ["a ", strong("b")], [code("c")], ["see the pa"], ["see the page"], ["see https://x.exa"],
    ]  # fmt: skip


@pytest.mark.parametrize("text", BLOCK)
def test_block_markdown_is_parsed(blocks, text):
    """Paragraphs, headings, nested lists, tables, code, quotes and rules are parsed; HTML is a paragraph."""
    assert blocks[text] == BLOCK[text]


def test_streamed_text_gives_the_same_blocks_as_the_whole():
    """Text split at any position gives the same blocks as the whole text."""
    rng = random.Random(11)
    parts = ["a", "b ", "\n", "\n\n", "- ", "  - ", "1. ", "**", "`", "```\n", "| a | b |\n", "|--|--|\n", "# ", "> ",
             "---\n", "[x](http://y.example)", "   "]  # fmt: skip
    texts = ["".join(rng.choices(parts, k=rng.randint(1, 25))) for _ in range(4000)]
    cuts = [sorted(rng.sample(range(1, len(text)), min(len(text) - 1, rng.randint(0, 9)))) for text in texts]
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


def test_complete_blocks_are_released_while_streaming():
    """Of three paragraphs, two are complete before the last one has ended."""
    closed, still_open = run(
        """
        const { MarkdownStream } = await load("markdown/stream.js");
        const { closed, open } = new MarkdownStream().append(given);
        return [closed, open].map((blocks) => blocks.map((block) => block.text));
        """,
        "one\n\ntwo\n\nthree **is\nstill",
    )
    assert (closed, still_open) == (["one", "two"], ["three **is\nstill"])


def test_adversarial_markdown_is_parsed_in_linear_time():
    """Half a megabyte of adversarial text is parsed, which quadratic time wouldn't allow."""
    fragments = [
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
        return given.map((fragment) => {
            const text = fragment.repeat(500_000 / fragment.length);
            const read = [readSpans(text), readSpans(text, { open: true }), readBlocks([text, text, text])];
            return read.map((parts) => parts.length);
        });
        """,
        fragments,
    )
    assert all(length > 0 for counts in lengths for length in counts)
