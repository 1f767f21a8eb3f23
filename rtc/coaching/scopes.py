"""Is a phrase said of now, and of what is? "Chest pain in 2019" and "what if I got chest pain" are not.

Rules of English on one utterance, as in negation.py. In doubt a phrase counts: a cue too many costs a glance.
"""

import re

from rtc.coaching.normalising import COMMA, Words, word_set
from rtc.coaching.patterns import Span, sentence_starts

_CUTS = word_set("but although though however now")
_SUBJECTS = word_set("i he she we they it there you my his her the")

_NOW = re.compile(
    r"\b(?:now|again|tonight|currently|still|same|back(?! in)|another|since|keeps?|today|at the moment|right here|"
    r"this (?:morning|afternoon|evening|minute)|(?:feels?|is|was) like|few (?:minutes|hours) ago|hour ago|"
    r"[0-9]+ (?:minutes?|hours?) ago|half an hour|has had|have had)\b"
)
_AGE = (
    r"(?:a |an |only |just |about )*(?:kids?|child|children|boys?|girls?|baby|babies|teenagers?|young|younger|little|"
    r"small|pregnant|at school|student|[0-9]{1,2})"
)
_SEASON = r"(?:year|month|summer|winter|spring|autumn|christmas|easter|term|january|march|april|june|july|august)"
_OVER = re.compile(
    r"\b(?:in (?:19|20)[0-9]{2}|back in (?!bed|the car|my chest)|"
    r"(?:years?|decades?|months|summers|winters) (?:ago|back)|"
    rf"(?:fortnight|month) (?:ago|back)|last {_SEASON}|{_SEASON} before last|years before|"
    rf"when (?:i|he|she|we|they) (?:was|were) {_AGE}|as an? (?:kid|child|boy|girl|baby|teenager)|"
    r"in (?:my|his|her) (?:teens|twenties|thirties|forties|fifties|sixties|youth)|in the (?:spring|autumn|summer)|"
    r"(?:over|before|at) (?:christmas|easter)|used to (?!it)|(?:family |past |previous )history|history of|"
    r"years (?:and years )?since|the old days|at the time|before (?:covid|lockdown|you were born)|"
    r"during (?:covid|lockdown)|with my (?:first|last) (?:baby|pregnancy|1))\b"
)
_RELATIVES = (
    "mum|mom|mother|mam|dad|father|husband|wife|partner|uncle|aunt|auntie|aunty|brother|sister|cousin|nan|nana|gran|"
    "granny|grandma|grandad|grandmother|grandfather|grandpa|friend|neighbour|son|daughter"
)
_DEAD = re.compile(
    rf"\b(?:died (?:of|from|with|after|following)|passed (?:away|on) (?:of|from|with|after)|late (?:{_RELATIVES})|"
    rf"lost (?:my|our|his|her) (?:{_RELATIVES}) to|runs? in (?:the|my|our|his|her) family|family history|"
    r"(?<!has )(?<!just )(?:took (?:his|her|their) own li(?:fe|ves)|killed (?:himself|herself)) "
    r"(?:last|in|when|years?)|"
    r"what killed)\b"
)
_THAT_WAS = re.compile(r"^(?:but |and |oh )*(?:that|it|this|they) (?:was|were|is|happened)\b")

_SUPPOSING = re.compile(
    r"\b(?:what (?:happens )?if|what (?:should|would|do) (?:i|we) look|(?:in|just in) case|suppose|supposing|"
    r"imagine|hypothetically|let us say|were (?:i|he|she) to|"
    r"(?<!as )(?<!sure )(?<!know )(?<!wondering )(?<!wonder )(?<!see )(?<!ask )(?<!tell )if "
    r"(?:i|he|she|they|it|you|we|someone|somebody|anyone|my [a-z]+|the [a-z]+) "
    r"(?:ever |do |does |did |should |suddenly |really )*"
    r"(?:got|get|gets|had|has|have|start|starts|started|was to|were to|develop|develops|felt|feel|feels|notice|"
    r"experience|experiences|happen|happens|happened|begins?|ends? up|took|take|swallowed|forgot|went|go|goes|"
    r"swells?)|"
    r"should (?:i|he|she) (?:get|have|develop)|"
    r"(?:leaflet|poster|letter|website|advert|programme|program|article|news|telly|tv|radio|course|training|app) "
    r"(?:\w+ ){0,3}(?:says?|said|about|on|tells?|mentions?|mentioned|warns?)|"
    r"read(?:ing)? (?:\w+ ){0,2}about|(?:signs?|symptoms|risks?|chances?|side effects?) of|how (?:do|would|will) "
    r"(?:i|you|we) (?:know|tell|spot|recognise)|(?:scared|afraid) of (?:getting|having)|"
    r"worried about (?:getting|having)|(?:prevent|avoid|protect against))\b"
)
_SUBJECT_AGAIN = re.compile(r"\b(?:i|he|she|it|there|my [a-z]+) (?:am|is|are|have|has|get|gets|feel|feels|can|do)\b")
_REACH = 9
"""A supposition reaches so many words."""

_BE = r"(?:is|are|was|has|have|had|seems to have|has all|have all|is all|all)"
_WHOLLY = r"(?:completely |now |pretty much |mostly |totally |long |since |just |fully )*"
_ENDED = re.compile(
    rf"^(?:\w+ ){{0,4}}?(?:{_BE} {_WHOLLY}(?:gone|stopped|cleared up|cleared|settled(?: down)?|eased off|worn off|"
    r"passed off|disappeared|better)|(?:it|that|they|which) (?:stopped|went away|cleared up|wore off|eased off|"
    rf"settled)|(?:is|are|was|has been|have been) {_WHOLLY}(?:absolutely )?(?:fine|okay|right as rain|"
    r"back to normal))(?: (?:now|away|completely|already|thank|thanks|since|after|by itself|on its own|by the|"
    r"within|in [0-9]+|and i|altogether|again now|i|so i|up now)\b|$)"
)
_STILL = re.compile(
    r"\b(?:not|never|until|before|if|when|hardly|barely|back|worse|still|come back|came back|numb|floppy|blue|grey|"
    r"funny|wrong|breathing|responding)\b"
)


def is_over(said: Words, span: Span) -> bool:
    """Whether the phrase belongs to the past, or to somebody's death."""
    clause, rest = _clause(said, span)
    if _DEAD.search(clause):
        return True
    if _OVER.search(clause):
        return not _NOW.search(_OVER.sub(" ", clause))
    return bool(_THAT_WAS.match(rest) and _OVER.search(rest) and not _NOW.search(clause))


def is_supposed(said: Words, span: Span) -> bool:
    """Whether the phrase stands behind "what if", "in case", "the leaflet says"."""
    start = max(_start_of_sentence(said, span.start), span.start - _REACH)
    before = " ".join(said.words[start : span.start + 1])
    last = max(_SUPPOSING.finditer(before), key=lambda match: match.end(), default=None)
    if last is None:
        return False
    # "If I breathe in I get chest pain": what follows the clause with "if" is so.
    return not (last.group().startswith("if ") and _SUBJECT_AGAIN.search(before[last.end() :]))


def has_ended(said: Words, span: Span) -> bool:
    """Whether what follows says that it has stopped: "chest pain but it's gone now", "the pain's stopped"."""
    rest = " ".join(said.words[span.end : span.end + 14])
    match = _ENDED.match(rest)
    if match is None or _STILL.search(match.group()):
        return False
    return not _STILL.search(rest[match.end() :])


def _start_of_sentence(said: Words, at: int) -> int:
    return max((stop for stop in sentence_starts(said) if stop <= at), default=0)


def _clause(said: Words, span: Span) -> tuple[str, str]:
    """The words around the phrase, up to a full stop, a "but", or behind it a new subject; and what follows."""
    words = said.words
    stops = sentence_starts(said)
    start = _start_of_sentence(said, span.start)
    end = min((stop for stop in stops if stop >= span.end), default=len(words))
    after = min((stop for stop in stops if stop > end), default=len(words))
    for n in range(span.start - 1, start - 1, -1):
        if words[n] in _CUTS:
            start = n
            break
    for n in range(span.end, end):
        follows = words[n] == "and" and n + 1 < end and words[n + 1] in _SUBJECTS
        if follows or words[n] in _CUTS or (said.marks[n] == COMMA and words[n] in _SUBJECTS):
            after, end = end, n
            break
    return " ".join(words[start:end]), " ".join(words[end:after])
