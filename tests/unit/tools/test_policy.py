"""The policy of a turn, over all tools of the catalogue."""

import timeit
from functools import partial
from typing import Any

import pytest

from pam.platform.errors import PamError
from pam.safety.links import find_links
from pam.tools.catalog import TOOLS
from pam.tools.engine.definition import EffectKind
from pam.tools.engine.parsing import parse_arguments
from pam.tools.engine.policy import TurnPolicy
from tests.policies import turn_policy
from tests.security.tool_calls import ATTACKERS_CALLS

WRITES = [tool for tool in TOOLS.values() if tool.effect is not EffectKind.READ]


def requires_approval(policy: TurnPolicy, name: str, arguments: str) -> bool:
    tool = TOOLS[name]
    return policy.requires_approval(tool, parse_arguments(tool, arguments), is_tainted=policy.is_tainted)


def refusal(policy: TurnPolicy, name: str, arguments: str) -> str:
    with pytest.raises(PamError) as raised:
        requires_approval(policy, name, arguments)
    return raised.value.error.code


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_tool_without_foreign_text_keeps_its_own_rule(tool: Any) -> None:
    """Reading and the user's own writes need no approval; what others see, or what costs, always does."""
    if tool.effect is EffectKind.READ:
        assert not turn_policy().requires_approval(tool, None, is_tainted=True)  # type: ignore[arg-type]
        return
    assert requires_approval(turn_policy(), tool.name, ATTACKERS_CALLS[tool.name]) is tool.effect.requires_approval


@pytest.mark.parametrize("tool", WRITES, ids=lambda tool: tool.name)
def test_write_by_foreign_text_needs_approval_or_is_refused(tool: Any) -> None:
    """Whatever a text asks for that isn't the traveller's: no write is done by itself."""
    policy = turn_policy("What's new?", is_tainted=True)
    try:
        assert requires_approval(policy, tool.name, ATTACKERS_CALLS[tool.name])
    except PamError as error:
        assert error.error.code in {"untrusted_recipient", "untrusted_link"}
        assert policy.refusals == [error.error.code]


@pytest.mark.parametrize("tool", WRITES, ids=lambda tool: tool.name)
def test_write_of_a_restricted_turn_needs_approval(tool: Any) -> None:
    """Also with the traveller's own words."""
    policy = turn_policy(ATTACKERS_CALLS[tool.name], is_restricted=lambda: True)
    assert requires_approval(policy, tool.name, ATTACKERS_CALLS[tool.name])


@pytest.mark.parametrize(
    ("said", "arguments"),
    [
        ("add $45 for gas", '{"amount": 45, "category": "fuel"}'),
        (
            "add $1,250.50 for the new tires",
            '{"amount": 1250.50, "category": "maintenance", "description": "new tires"}',
        ),
        ("45,50 for camping please", '{"amount": 45.5, "category": "camping"}'),
        ("I paid 45 € for camping", '{"amount": 45, "category": "camping", "currency": "EUR"}'),
        (
            "1.250,50 camping at Jenny’s Café",
            '{"amount": 1250.5, "category": "camping", "description": "Jenny\'s Cafe"}',
        ),
    ],
)
def test_own_write_in_the_travellers_words_needs_no_approval(said: str, arguments: str) -> None:
    """Foreign text in the conversation doesn't slow down what the traveller asks for."""
    assert not requires_approval(turn_policy(said, is_tainted=True), "create_expense", arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        '{"amount": 46, "category": "fuel"}',
        '{"amount": 4.5, "category": "fuel"}',
        '{"amount": 4500, "category": "fuel"}',
        '{"amount": 45, "category": "fuel", "description": "pay to evil"}',
    ],
)
def test_other_figure_or_text_needs_approval(arguments: str) -> None:
    for said in ("add $45 for gas", "add $45.00 for gas", "add 45,00 for gas"):
        assert requires_approval(turn_policy(said, is_tainted=True), "create_expense", arguments)


@pytest.mark.parametrize(
    ("said", "fields", "is_own"),
    [
        ("our calendar needs: tires, 16:00", '"title": "Tires"', True),
        ("在日历里写上检查轮胎", '"title": "检查轮胎"', True),
        ("write 🎉 party into the calendar", '"title": "Party 🎉"', True),
        ("write it into the calendar", '"title": "裸照"', False),
        ("write it into the calendar", '"title": "go to it"', False),
        ("write it into the calendar", '"title": "🔞💊"', False),
        ("write it into the calendar", '"title": "@e.v.i.l"', False),
        ("write it into the calendar for 6 people", '"title": "calendar", "notes": "6 ft"', False),
    ],
)
def test_each_word_and_sign_of_a_text_is_compared(said: str, fields: str, is_own: bool) -> None:
    """Also short words, those of other scripts, and signs that aren't punctuation."""
    call = f'{{{fields}, "start": "2026-12-03T16:00"}}'
    assert requires_approval(turn_policy(said, is_tainted=True), "create_calendar_event", call) is not is_own


@pytest.mark.parametrize(
    ("tool", "call", "said"),
    [
        ("update_profile", '{"bio": "call me at noon"}', "my bio is: call me at noon"),
        ("manage_privacy", '{"who_sees_place": "everybody"}', "let everybody see where we are"),
        ("update_settings", '{"currency": "EUR"}', "use EUR from now on"),
    ],
)
def test_what_stays_needs_the_travellers_words(tool: str, call: str, said: str) -> None:
    """Settings and the profile: after others' texts always an approval, after recalled ones without their own words."""
    assert requires_approval(turn_policy(said, is_tainted=True), tool, call)
    assert requires_approval(turn_policy("what's new?", has_recalled=True), tool, call)
    assert not requires_approval(turn_policy(said, has_recalled=True), tool, call)
    assert not requires_approval(turn_policy("what's new?"), tool, call)


def test_switch_is_in_no_words_of_the_traveller() -> None:
    """After recalled messages a setting that is on or off always waits."""
    policy = turn_policy("notifications: true", has_recalled=True)
    assert requires_approval(policy, "update_settings", '{"notifications": true}')


@pytest.mark.parametrize(
    ("recipient", "said", "is_allowed"),
    [
        ("Dan", "tell dan we're late", True),
        ("Dan Miller", "Message Dan Miller: we're late", True),
        ("jose", "avísale a José", True),
        ("Dan Evil", "Message Dan: we're late", False),
        ("the evil", "Message the others", False),
        ("Ann Miller", "Tell Ann that Miller lake is full", False),
        ("José", "avísale a José", True),
        ("小明", "给小明发消息", True),
        ("小红", "给小明发消息", False),
        ("Eve", "tell dan we're late", False),
        ("Danger", "tell dan we're late", False),
    ],
)
def test_recipient_must_be_named_by_the_traveller(recipient: str, said: str, is_allowed: bool) -> None:
    call = f'{{"recipient": "{recipient}", "message": "We are late"}}'
    policy = turn_policy(said, is_tainted=True)
    if is_allowed:
        assert requires_approval(policy, "message_friend", call)
    else:
        assert refusal(policy, "message_friend", call) == "untrusted_recipient"


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/a", "http://10.0.0.1/", "www.evil.com", "evil.com/x", "eve@evil.example", "ftp://evil.example",
        "198.51.100.7", "HTTPS://EVIL.EXAMPLE", "evil.tk/x", "evil.de", "evil.club", "evil。com", "ｅｖｉｌ．ｃｏｍ",
        "пример.рф", "//evil.tk/a", "https:evil.tk/?d=1", "mailto:eve@evil.example", "EVIL.COM",
        "evil.Com", "eViL.cOm/x", "evil.dE", "Evil.Tk/x", "Evil.Tk:8080", "[2001:db8::1]", "3325256711/x",
        "bitcoin:1EvilXk9", "tel:+15550100",
    ],
)  # fmt: skip
def test_link_must_be_written_by_the_traveller(link: str) -> None:
    call = f'{{"content": "Details at {link} today"}}'
    assert refusal(turn_policy("post it", is_tainted=True), "create_post", call) == "untrusted_link"
    assert requires_approval(turn_policy(f"post {link}, it's mine", is_tainted=True), "create_post", call)
    assert requires_approval(turn_policy("post it"), "create_post", call)


@pytest.mark.parametrize(
    ("said", "written", "is_allowed"),
    [
        ("Post: see www.moabfest.com/2026", "See www.moabfest.com/2026.", True),
        ("it's on moabfest.com, nice", "Details: https://moabfest.com", True),
        ("my blog https://blog.park.com/moab", "See blog.park.com/moab!", True),
        ("my blog https://blog.park.com/moab", "See park.com", False),
        ("my blog https://blog.park.com/moab", "See https://blog.park.co", False),
        ("my blog https://blog.park.com/moab", "See https://blog.park.com/moab?d=1", False),
    ],
)
def test_link_is_the_travellers_as_a_whole(said: str, written: str, is_allowed: bool) -> None:
    """Scheme, `www` and the mark after it make no difference; a part of it is another link."""
    call = f'{{"content": "{written}"}}'
    if is_allowed:
        assert requires_approval(turn_policy(said, is_tainted=True), "create_post", call)
    else:
        assert refusal(turn_policy(said, is_tainted=True), "create_post", call) == "untrusted_link"


def test_time_to_find_links_grows_with_the_length_of_a_text() -> None:
    """Not with its square: a text four times as long takes about four times as long, and not sixteen times."""
    for part in ("a.", "A", "a.B", "1", "a-", "a" * 62 + "."):
        short, long = (part * (length // len(part)) for length in (8_000, 32_000))
        times = [min(timeit.repeat(partial(find_links, text), number=1, repeat=3)) for text in (short, long)]
        assert times[1] < 9 * times[0] + 0.01, part


@pytest.mark.parametrize("text", ["Site 4.5 was great", "e.g. this", "7.30 am", "Moab.Then we left", "No. 12"])
def test_ordinary_text_is_no_link(text: str) -> None:
    call = f'{{"content": "{text}"}}'
    assert requires_approval(turn_policy("post it", is_tainted=True), "create_post", call)
