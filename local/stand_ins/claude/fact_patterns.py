"""Finds facts that a traveller states about themself, by the form of English sentences.

A value is a part of the sentence, unchanged. Questions, quotations, and what is only imagined or considered state none.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_VALUE_CHARS = 200
MAX_SUBJECT_WORDS = 3


@dataclass(frozen=True)
class StatedFact:
    """A fact: `standing` is a wish that every answer has to respect."""

    subject: str
    value: str
    standing: bool = False


_ME = r"(?:we|i)(?:'ve|'d|'re|'m)?"
_ADVERBS = (
    r"(?:\s+(?:now|just|also|both|currently|recently|finally|only|have|already|usually|mostly|normally|then|are|am|"
    r"have been|strictly))*"
)
_DIETS = (
    r"vegans?|vegetarians?|pescatarians?|keto|paleo|gluten[- ]free|dairy[- ]free|lactose[- ]free|halal|kosher|"
    r"low[- ]carb|meat"
)
_SUBJECTS = tuple(
    (re.compile(rf"\b(?:{words})\b", re.I), subject)
    for subject, words in {
        "fuel card": r"(?:fuel|gas|fleet|diesel) card",
        "membership": r"memberships?|clubs?|annual pass|park pass",
        "internet": r"internet(?: plan)?|starlink|hotspot|wi-?fi",
        "phone plan": r"(?:phone|mobile|cell) (?:plan|provider|carrier)",
        "insurance": r"insurance|insurer",
        "mail address": r"(?:mail|mailing) (?:address|forwarding|service)|mailbox",
        "dogs": r"dogs?|pupp(?:y|ies)|labradors?|retrievers?|terriers?|shepherds?|beagles?|poodles?|dachshunds?|"
        r"collies?|husk(?:y|ies)|hounds?|corgis?",
        "cats": r"cats?|kittens?|tomcats?",
        "pets": r"pets?|parrots?|rabbits?|birds?|hamsters?",
        "children": r"kids?|child(?:ren)?|sons?|daughters?|toddlers?|teenagers?|grandchild(?:ren)?|bab(?:y|ies)",
        "distance units": r"km|kilomet(?:er|re)s?|miles",
        "temperature units": r"celsius|fahrenheit",
        "volume units": r"lit(?:er|re)s|gallons",
        "units": r"metric|imperial",
        "toll roads": r"tolls?(?: roads?)?|turnpikes?",
        "interstates": r"interstates?|freeways?|motorways?|highways?",
        "route type": r"back ?roads?|scenic (?:routes?|roads?)|byways?|two-lane roads?|routes?",
        "campground type": r"(?:state|national|county|city|rv|private) (?:parks?|forests?)|camp ?grounds?|camp ?sites?|"
        r"boondock\w*|dispersed camping|(?:full )?hook-?ups?|public land|blm(?: land)?|koas?|parking lots?|"
        r"rv resorts?|harvest hosts?|farm stays?|sites",
        "diet": rf"{_DIETS}|diet",
        "trailer": r"trailer|fifth[- ]wheel|5th wheel|toy hauler|toad|dinghy",
        "solar panels": r"solar(?: panels?)?",
        "house batteries": r"batter(?:y|ies)",
        "generator": r"generator",
        "vehicle": r"motor ?homes?|rvs?|camper ?vans?|campers?|vans?|trucks?|pick-?ups?|bus|skoolie|sprinter|transit|"
        r"promaster|winnebago|airstream|class [abc]|jeep|suv|car|rig|coach|motorcycle|unimog|"
        r"[ef]-?\d{3}|ram(?: \d{4})?|silverado|tacoma|tundra|vehicle",
    }.items()
)
"""Subjects by the words that name one of their values, the narrower first."""

_ATTRIBUTE = re.compile(
    r"birthday|anniversary|home ?base|home town|domicile|name|diet|job|profession|trade|budget|speed|doctor|dentist|"
    r"vet|bank|mechanic|language|currency|size|height|length|weight|blood type|allerg\w+|(?:favou?rite|preferred) .+|"
    r"wife|husband|partner|sister|brother|mother|father|limit|hobby|shoe size|tank|tyre pressure|tire pressure",
    re.I,
)
_BEINGS = {"dogs", "cats", "pets", "children"}

_QUOTATION = re.compile(r'"[^"]*"|“[^”]*”|«[^»]*»')
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_CLAUSE = re.compile(
    r"\s*(?:[,;:]\s*(?:and|but|so|then)?|\b(?:and|but|so)\b)\s+(?=(?:we|i|our|my|please|always|never|don't)\b)", re.I
)
_IMAGINED = re.compile(
    rf"\b(?:if|wish|imagine|suppose|maybe|perhaps|considering|thinking (?:of|about)|almost|nearly|used to|"
    rf"{_ME} (?:\w+ )?(?:would|could|might|may|should)|(?:going|want|plan|planning|hope|hoping|like) to)\b",
    re.I,
)
_END = re.compile(
    r"\s*(?:[,;:(]\s*(?:which|who|because|since|so|but|and then|so far)\b|[.!?]|\b(?:now|nowadays|today|yesterday|"
    r"again|any ?more|these days|at the moment|currently|instead|from now on|since|because|which|who|when|while|"
    r"after|before|until|but|last (?:week|month|year|spring|summer|fall|autumn|winter)|"
    r"this (?:week|month|year|morning))\b"
    r"|\bfor \$|\bfrom (?:a|the|our|my) ).*$",
    re.I | re.S,
)
_ARTICLE = re.compile(r"^(?:(?:an?|the|our|my|some|this|that|on|own|new|used|brand new|second-hand)\s+)+", re.I)
_NAME_LIKE = re.compile(r"^(?:(?:an?|the|our|my)\s|\d|[A-Z])")
_STATE = re.compile(
    r"^(?:in|at|on|out|off|not|so|very|too|quite|really|almost|about|back|gone|broken|full|empty|low|fine|ok|okay|sick|ill|"
    r"being|getting|making|doing|running|leaking|here|there|still|worn|due|done|ready|dead|down|up)(?!\S)",
    re.I,
)

_CHANGED = re.compile(
    rf"\b{_ME}{_ADVERBS}\s+(?:traded|swapped|exchanged|replaced|switched)\s+(?P<old>.+?)\s+"
    r"(?:for|with|to)\s+(?P<object>.+)",
    re.I,
)
_DRIVE = re.compile(
    rf"\b(?:{_ME}{_ADVERBS}|and(?: now)?)\s+(?:(?P<drive>drive)|travel in|roam in|live in)\s+(?P<object>.+)", re.I
)
_DRIVEN = re.compile(r"^(?:(?:an?|our|my)\s+(?!lot|bit|long|few|couple|little|while|day|hour|mile)|\d{4}\b)", re.I)
_HAVE = re.compile(
    rf"\b{_ME}{_ADVERBS}\s+(?:have|own|bought|purchased|got|adopted|use|tow|pay with|joined|signed up (?:for|with)|"
    r"(?:switched|changed|upgraded|downsized|moved|went) (?:over |back )?to|picked up|travel with|camp with|live with|"
    r"are members? of|am a member of)\s+(?P<object>.+)",
    re.I,
)
_LOSE = re.compile(
    rf"\b{_ME}{_ADVERBS}\s+(?P<value>(?:sold|got rid of|gave away|lost|cancelled|canceled|returned|"
    r"no longer (?:have|own|use|drive|tow|travel with)|don't (?:have|own|use|drive|tow) )\s*(?P<object>.+))",
    re.I,
)
# A place's name begins with a capital letter.
_HOME = re.compile(
    rf"\b(?i:{_ME}{_ADVERBS}\s+(?:(?:moved|relocated|changed|shifted)"
    r"(?: (?:our|my) (?:home ?base|domicile|base|residence))?(?: from .+?)? to|"
    r"(?:based|domiciled|at home|settled|live) in|call))\s+(?P<object>[A-Z].+)"
)
_PASSING = re.compile(r"\bfor (?:the|a|an|some|one|two|three|\d+)\b", re.I)
_ATTRIBUTE_IS = re.compile(
    r"\b(?:our|my)\s+(?:new\s+|current\s+)?(?P<name>[a-z][\w' -]{1,40}?)\s+"
    r"(?:is|are|has changed to|changed to|moved to)\s+(?:now\s+|currently\s+|on\s+)*(?P<named>(?:called|named)\s+)?"
    r"(?P<object>.+)",
    re.I,
)
_DIET = re.compile(
    r"\b(?:we are|we're|i am|i'm|"
    r"(?:we|i)(?:'ve)?(?: now| only| mostly| have)* (?:eat|follow|became|become|went|turned|gone))"
    r"\s+(?P<object>(?:(?:now|a|an|strictly|no longer|not|only|mostly|on)\s+)*"
    rf"(?:{_DIETS})\b[^.!?,;]*)",
    re.I,
)
_ALLERGY = re.compile(
    r"\b(?:we are|we're|i am|i'm)\s+(?P<object>(?:no longer |not |also |both |now |badly |very )*"
    r"(?:allergic|intolerant) to (?P<cause>[^.!?,;]+))",
    re.I,
)
_PREFER = re.compile(rf"\b{_ME}{_ADVERBS}\s+(?:prefer|would rather have|'d rather have)\s+(?P<object>.+)", re.I)
_DIRECTIVE = re.compile(
    r"^(?:(?:and|so|but|ok|okay|hi|hello|also|pam|remember|remember to|you should|i want you to|can you|from now on)\b"
    r"[,:]?\s*)*"
    r"(?:please,?\s+)?(?P<value>(?:from now on,?\s+)?(?:always|never|don't ever|do not ever)\s+(?P<object>.+))",
    re.I,
)
_DONT = re.compile(
    r"^(?:please,?\s+)?(?P<value>(?:don't|do not|stop)\s+(?:suggest|recommend|show|give|send|plan|book|use|mention|"
    r"remind|route|tell|ask|list)\w*\s+(?P<object>.+))",
    re.I,
)
_HABIT = re.compile(r"\b(?:we|i)\s+(?P<value>(?:always|never)\s+(?P<object>.+))", re.I)
_WISH = re.compile(
    r"\b(?:we|i)\s+(?P<value>(?:don't |do not )?want (?P<object>.+?)\s+(?:any ?more|from now on|ever again))\b", re.I
)
_FROM_NOW_ON = re.compile(r"^from now on,?\s+(?P<value>(?P<object>.+))", re.I)
_ALLOWED = re.compile(
    r"\b(?P<value>(?:you (?:can|may)|it's (?:ok|okay|fine) to)\s+"
    r"(?P<object>(?:suggest|use|show|take|recommend|plan|route)\b.+?)(?:\s+again|\s+from now on))\b",
    re.I,
)
_REMEMBER = re.compile(r"^(?:please,?\s+)?(?:remember|note|keep in mind)(?:\s+that|:)\s+(?P<value>.+)", re.I)
_GENERAL = re.compile(
    r"^(?:suggest\w*|show|give|answer|reply|respond|use|take|recommend\w*|plan|route|tell|remind|to|me|us|in|with|the|an?|on|"
    r"for|any|at|keep|go|do|be|ask|my|our|of|through|via|over|by|and|please|want|that|we|i|is|are|have)$",
    re.I,
)


def subject_of(text: str) -> str | None:
    """Return the subject that a value or a name belongs to, or None for an unknown one."""
    return next((subject for pattern, subject in _SUBJECTS if pattern.search(text)), None)


def find_facts(text: str) -> list[StatedFact]:
    """Return the facts that a message states; where it states several values of a subject, the last."""
    facts: dict[str, StatedFact] = {}
    for sentence in sentences(_QUOTATION.sub(" ", text.replace("’", "'"))):
        if sentence.endswith("?"):
            continue
        reminder = _REMEMBER.search(sentence)
        clauses = _CLAUSE.split(reminder["value"] if reminder else sentence)
        found = [fact for clause in clauses for fact in _facts_of_clause(clause.strip())]
        if reminder and not found:
            found = [_make(_general_subject(reminder["value"]), reminder["value"])]
        facts |= {fact.subject: fact for fact in found if fact.subject and fact.value}
    return list(facts.values())


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, without surrounding space."""
    return [sentence.strip() for sentence in _SENTENCE.split(text) if sentence.strip()]


def _facts_of_clause(clause: str) -> Iterator[StatedFact]:
    """Yield what a clause states: what is had no more first, so that a new value of its subject replaces it."""
    standing = next(filter(None, (p.search(clause) for p in (_DIRECTIVE, _DONT, _WISH, _ALLOWED, _FROM_NOW_ON))), None)
    if standing:
        value = _trim(standing["value"])
        yield _make(subject_of(value) or _general_subject(_trim(standing["object"])), value, standing=True)
        return
    if preferred := _PREFER.search(clause):
        value = _trim(re.split(r"\s+(?:to|over|rather than|instead of)\s+", preferred["object"])[0])
        yield _make(subject_of(value) or f"preferred {_general_subject(value)}", value, standing=True)
        return
    if allergy := _ALLERGY.search(clause):
        yield _make(f"allergy to {_trim(allergy['cause']).lower()}", _trim(allergy["object"]))
        return
    if diet := _DIET.search(clause):
        yield _make("diet", _trim(_ARTICLE.sub("", diet["object"])))
        return
    if _IMAGINED.search(clause):
        return
    if lost := _LOSE.search(clause):
        yield _make(subject_of(_trim(lost["object"])) or "", _trim(lost["value"]))
    if habit := _HABIT.search(clause):
        yield _make(subject_of(habit["value"]) or _general_subject(_trim(habit["object"])), _trim(habit["value"]))
        return
    yield from _possessions(clause)


def _possessions(clause: str) -> Iterator[StatedFact]:
    if home := _HOME.search(clause):
        place = _trim(re.sub(r"\s+home$", "", home["object"]))
        if not _PASSING.search(home["object"]) and subject_of(place) != "vehicle":
            yield _make("home base", place)
            return
    if attribute := _ATTRIBUTE_IS.search(clause):
        yield from _attribute(attribute)
        return
    for pattern in (_CHANGED, _DRIVE, _HAVE):
        match = pattern.search(clause)
        if match is None:
            continue
        value = _trim(match["object"])
        parts = match.groupdict()
        subject = subject_of(value) or subject_of(parts.get("old", ""))
        if pattern is _DRIVE and subject != "vehicle":
            subject = "vehicle" if parts["drive"] and _DRIVEN.search(match["object"]) else None
        if subject:
            is_standing = subject in _BEINGS and "travel with" in match[0].lower()
            yield _make(subject, _ARTICLE.sub("", value), standing=is_standing)
            return


def _attribute(match: re.Match[str]) -> Iterator[StatedFact]:
    name, value = match["name"].lower().strip(), _trim(match["object"])
    subject = subject_of(name)
    if _STATE.search(value) or len(name.split()) > MAX_SUBJECT_WORDS + 1:
        return
    if match["named"]:
        yield _make(f"name of {name}", value)
    elif _ATTRIBUTE.search(name) and subject is None:
        yield _make(name.replace("favourite", "favorite"), value)
    elif subject and subject not in _BEINGS and (_NAME_LIKE.search(value) or _ATTRIBUTE.search(name)):
        yield _make(subject, _ARTICLE.sub("", value), standing=name.startswith("preferred"))


def _make(subject: str, value: str, *, standing: bool = False) -> StatedFact:
    return StatedFact(subject.strip().lower(), value[:MAX_VALUE_CHARS].strip(" .,;:!"), standing)


def _trim(text: str) -> str:
    """Return the text up to where something else begins, such as a time or a reason."""
    return _END.sub("", text).strip(" .,;:!")


def _general_subject(text: str) -> str:
    """Return the first words that say what a wish is about."""
    text = re.split(r"\b(?:under|over|below|above|within|before|after|less|more)\b", text)[0]
    words = [word for word in re.findall(r"[\w'-]+", text) if not _GENERAL.match(word)]
    return " ".join(words[:MAX_SUBJECT_WORDS]).lower()
