"""Markdown as the page renders it, in the browser."""

import itertools
import random

import pytest
from playwright.sync_api import Browser, Page

HTML = """
    const { renderMarkdown } = await import("/markdown/render.js");
    const html = (nodes) => {
        const box = document.createElement("div");
        box.append(...nodes);
        for (const node of box.querySelectorAll("[dir]")) node.removeAttribute("dir");
        for (const link of box.querySelectorAll("a")) {
            link.querySelector(".visually-hidden")?.remove();
            for (const name of ["target", "rel"]) link.removeAttribute(name);
        }
        return box.innerHTML.replaceAll(/\\n+/g, "\\n").replaceAll(/>\\n/g, ">").replaceAll(/\\n</g, "<");
    };
"""
STREAM = """
    const { createMarkdownView } = await import("/cards/markdown_view.js");
    const { MarkdownStream } = await import("/markdown/stream.js");
"""


@pytest.fixture(scope="module")
def page(browser: Browser, base_url: str) -> Page:
    """A page whose modules render Markdown."""
    page = browser.new_page()
    page.goto(base_url + "/api.html")
    return page


def run(page: Page, script: str, given: object) -> object:
    """Run the body of an async function with the argument `given`; return its result."""
    return page.evaluate(f"async (given) => {{ {HTML} {STREAM} {script} }}", given)


def render(page: Page, text: str) -> str:
    return run(page, "return html(renderMarkdown(given));", text)


def link(href: str, text: str) -> str:
    return f'<a href="{href}">{text}</a>'


INLINE = {
    "a **b** c": "a <strong>b</strong> c",
    "**bold *both***": "<strong>bold <em>both</em></strong>",
    "***x***": "<em><strong>x</strong></em>",
    "_a_ and __b__": "<em>a</em> and <strong>b</strong>",
    "~~struck~~ and ~~**both**~~, not ~one~": "<s>struck</s> and <s><strong>both</strong></s>, not ~one~",
    "5 * 3 * 2, snake_case_name, 2 ** 3": "5 * 3 * 2, snake_case_name, 2 ** 3",
    "un**closed": "un**closed",
    r"\*not\* [a\](b)": "*not* [a](b)",
    "`a **b**` ``c`d``": "<code>a **b**</code> <code>c`d</code>",
    "`open": "`open",
    "[a](https://x.example/b_(c)) [b](<http://y.example> \"title\")":
        f"{link('https://x.example/b_(c)', 'a')} {link('http://y.example/', 'b')}",
    "![picture](https://x.example/p.png)": link("https://x.example/p.png", "picture"),
    "![](https://x.example/p.png)": link("https://x.example/p.png", "https://x.example/p.png"),
    "see https://x.example/a_(b), (https://y.example).":
        f"see {link('https://x.example/a_(b)', 'https://x.example/a_(b)')}, "
        f"({link('https://y.example/', 'https://y.example')}).",
    "<https://x.example> <me@x.example>":
        f"{link('https://x.example/', 'https://x.example')} {link('mailto:me@x.example', 'me@x.example')}",
    "see x.example, me@x.example and setup.py": "see x.example, me@x.example and setup.py",
    "<b>bold</b> &amp; <script>x</script>": "&lt;b&gt;bold&lt;/b&gt; &amp; &lt;script&gt;x&lt;/script&gt;",
    "one\ntwo<br>three": "one<br>two<br>three",
    "[**a** [b]](https://x.example)": link("https://x.example/", "<strong>a</strong> [b]"),
    "[a](javascript:alert(1)) [b](data:text/html,x)": "[a](javascript:alert(1)) [b](data:text/html,x)",
    "[a](/v1/effects/1) [b](ftp://x.example)": "<span>a</span> <span>b</span>",
}  # fmt: skip

BLOCK = {
    "one\ntwo\n\nthree": "<p>one<br>two</p><p>three</p>",
    "## Title ##\ntext": "<h4>Title</h4><p>text</p>",
    "##### Deep": "<h6>Deep</h6>",
    "#hashtag": "<p>#hashtag</p>",
    "- a\n- b\n  - c\n    more\n- d": "<ul><li>a</li><li>b<ul><li>c<br>more</li></ul></li><li>d</li></ul>",
    "7) a": '<ol start="7"><li>a</li></ol>',
    "since\n1985. no list": "<p>since<br>1985. no list</p>",
    "* a\n\nno item": "<ul><li>a</li></ul><p>no item</p>",
    "```js\n# no *title*\n```\nafter": '<pre class="scroll" tabindex="0"><code># no *title*</code></pre><p>after</p>',
    "```\nnever closed": '<pre class="scroll" tabindex="0"><code>never closed</code></pre>',
    "> a\n> - b": "<blockquote><p>a</p><ul><li>b</li></ul></blockquote>",
    "a\n\n---\nb": "<p>a</p><hr><p>b</p>",
    "| a | b |\n|---|:-:|\n| 1 \\| 2 | 3 | 4 |\n| 5 |\nend":
        '<div class="scroll" role="region" aria-label="Table" tabindex="0"><table><thead><tr><th scope="col">a</th>'
        '<th data-align="center" scope="col">b</th></tr></thead><tbody><tr><td>1 | 2</td>'
        '<td data-align="center">3</td></tr><tr><td>5</td><td data-align="center"></td></tr>'
        '<tr><td>end</td><td data-align="center"></td></tr></tbody></table></div>',
    "a | b\nno table": "<p>a | b<br>no table</p>",
    "<div>\n<b>text</b>": "<p>&lt;div&gt;<br>&lt;b&gt;text&lt;/b&gt;</p>",
}  # fmt: skip


@pytest.mark.parametrize("text", INLINE)
def test_inline_markdown_is_rendered(page: Page, text: str) -> None:
    """Emphasis, strikethrough, code, links and line breaks are rendered; everything else is text."""
    assert render(page, text) == f"<p>{INLINE[text]}</p>"


@pytest.mark.parametrize("text", BLOCK)
def test_block_markdown_is_rendered(page: Page, text: str) -> None:
    """Paragraphs, headings, nested lists, tables, code, quotes and rules are rendered; HTML is a paragraph."""
    assert render(page, text) == BLOCK[text]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[https://good.example](https://evil.example)", "https://good.example (evil.example)"),
        ("[good.example](https://evil.example)", "good.example (evil.example)"),
        ("[good．example](https://evil.example)", "good．example (evil.example)"),  # a fullwidth dot
        ("[good。example](https://evil.example)", "good。example (evil.example)"),  # an ideographic one
        ("[here](https://good．example．evil.example)", "here (good.example.evil.example)"),
        ("[here](https://ｅvil.example)", "here (evil.example)"),
        ("[here](https://gооgle.com)", "here (xn--ggle-55da.com)"),  # Cyrillic о
        ("https://gооgle.com", "https://gооgle.com (xn--ggle-55da.com)"),
        ("[here](https://xn--ggle-55da.com)", "here (xn--ggle-55da.com)"),
        ("[here](https://пример.com)", "here (xn--e1afmkfd.com)"),
        ("[here](https://пример.рф)", "here"),
        ("[here](https://münchen.example)", "here"),
        ("[here](https://plain.example)", "here"),
        ("[plain.example](https://www.plain.example/a)", "plain.example"),
    ],
)
def test_host_that_can_be_read_as_another_is_shown(page: Page, text: str, shown: str) -> None:
    """Behind a label that is another address, and wherever several scripts or fullwidth forms are in the host."""
    script = "const [block] = renderMarkdown(given); block.querySelector('.visually-hidden').remove();"
    assert run(page, f"{script} return block.textContent;", text) == shown


@pytest.mark.parametrize(
    ("arrived", "shown"),
    [
        ("a **b", "a <strong>b</strong>"),
        ("a **b*", "a <strong>b</strong>"),
        ("a ~~b", "a <s>b</s>"),
        ("a **", "a"),
        ("_a **b", "<em>a <strong>b</strong></em>"),
        ("`c", "<code>c</code>"),
        ("`c **d", "<code>c **d</code>"),
        ("see [the pa", "see the pa"),
        ("see [the page](https://x.exa", "see the page"),
        ("see ![the page](", "see the page"),
        ("2 * 3", "2 * 3"),
        ("snake_case", "snake_case"),
        ("done **b** and", "done <strong>b</strong> and"),
    ],
)
def test_unclosed_span_is_rendered_as_closed_while_streaming(page: Page, arrived: str, shown: str) -> None:
    """While more text is to come, an unclosed span is rendered as if it were closed, so that no marker flickers."""
    script = "return html(renderMarkdown(new MarkdownStream().append(given).open));"
    assert run(page, script, arrived) == f"<p>{shown}</p>"


def test_streamed_text_is_rendered_as_the_whole(page: Page) -> None:
    """Text split at any position is rendered as the whole text, with the blocks announced once each."""
    rng = random.Random(11)
    parts = ["a", "b ", "\n", "\n\n", "- ", "  - ", "1. ", "**", "`", "```\n", "| a | b |\n", "|--|--|\n", "# ", "> ",
             "---\n", "[x](http://y.example)", "   ", "~~", "[r]", "[r]: http://z.example\n", "    "]  # fmt: skip
    texts = ["".join(rng.choices(parts, k=rng.randint(2, 25))) for _ in range(300)]
    cuts = [sorted(rng.sample(range(1, len(text)), min(len(text) - 1, rng.randint(0, 9)))) for text in texts]
    pieces = [
        [text[start:end] for start, end in itertools.pairwise([0, *cut, len(text)])]
        for text, cut in zip(texts, cuts, strict=True)
    ]
    script = """
        return given.filter((pieces) => {
            const view = createMarkdownView(() => {});
            for (const piece of pieces) view.append(piece);
            view.end();
            return html([...view.node.childNodes]) !== html(renderMarkdown(pieces.join("")));
        });
    """
    assert run(page, script, pieces) == []


def test_complete_blocks_stay_while_streaming(page: Page) -> None:
    """Of three paragraphs two are complete before the last one has ended: their nodes stay, also at the end."""
    script = """
        const announced = [];
        const view = createMarkdownView((text) => announced.push(text));
        view.append("one\\n\\ntwo\\n\\nthree **is\\nstill");
        const [first, second] = view.node.children;
        const early = [...announced];
        view.append(" open**");
        view.end();
        const same = first === view.node.children[0] && second === view.node.children[1];
        return [early, same, announced];
    """
    assert run(page, script, None) == [["one", "two"], True, ["one", "two", "three is\nstill open"]]


PATTERNS = [
    "*a ", "*a", "a_ ", "_a", "[", "[a](", "![", "<", "`a``", "https://", "https://a.example/)", "http:", "http://. ",
    "**a _b ", "- ", "#", "> ", "~~a ", "~~", "|a|b\n|-|-\n", "\\", "&amp", "1. a\n", "<a@b.c", "<br", "`", "(",
    "[a]: b\n", "***", "[a][b] ", "\n\n    a", "a\n", "|", "| a ", "~~~\n", "```\n", "]", "[]()",
]  # fmt: skip
SMALL, LARGE = 25_000, 100_000
NOISE_MS = 150
"""A time that needs no comparison: quadratic time takes seconds."""
MAX_SLOWDOWN = 2
ATTEMPTS = 5


@pytest.mark.parametrize("pattern", [*PATTERNS, pytest.param("# a", id="heading, then spaces")])
def test_repetitive_text_is_rendered_in_linear_time(page: Page, pattern: str) -> None:
    """One text takes about as long as four of a quarter of its length, whole and while it arrives; not four times.

    The two sides take the same time, one after the other, so that other processes delay them alike. Of several
    comparisons the best one counts.
    """
    script = """
        const [pattern, small, large, noise] = given;
        const makeText = (size) => (
            pattern === "# a" ? `# a${" ".repeat(size)}x` : pattern.repeat(size / pattern.length)
        );
        const measure = (work, text, times) => {
            const start = performance.now();
            for (let at = 0; at < times; at += 1) work(text);
            return performance.now() - start;
        };
        const ways = [renderMarkdown, (text) => new MarkdownStream().append(text)];
        return ways.map((work) => {
            const parts = measure(work, makeText(small), large / small);
            const whole = measure(work, makeText(large), 1);
            return whole < noise ? 0 : whole / parts;
        });
    """
    slowdowns = [float("inf"), float("inf")]
    for _ in range(ATTEMPTS):
        slowdowns = list(map(min, slowdowns, run(page, script, [pattern, SMALL, LARGE, NOISE_MS])))
        if max(slowdowns) < MAX_SLOWDOWN:
            return
    assert max(slowdowns) < MAX_SLOWDOWN, slowdowns


@pytest.mark.parametrize("pattern", ["|a|\n|-|\n", "a\n", "*a ", "[a]("])
def test_long_block_is_rendered_in_linear_time_while_it_arrives(page: Page, pattern: str) -> None:
    """In the pieces in which it comes; each piece may change the whole block."""
    script = """
        const [pattern, small, large, noise] = given;
        const stream = (size, times) => {
            const start = performance.now();
            for (let time = 0; time < times; time += 1) {
                const view = createMarkdownView(() => {});
                const text = pattern.repeat(size / pattern.length);
                for (let at = 0; at < text.length; at += 50) view.append(text.slice(at, at + 50));
                view.end();
            }
            return performance.now() - start;
        };
        const parts = stream(small, large / small);
        const whole = stream(large, 1);
        return whole < noise ? 0 : whole / parts;
    """
    slowdown = float("inf")
    for _ in range(ATTEMPTS):
        slowdown = min(slowdown, run(page, script, [pattern, 8_000, 32_000, NOISE_MS]))
        if slowdown < MAX_SLOWDOWN:
            return
    assert slowdown < MAX_SLOWDOWN
