"""Denied, over, only supposed: the same questions as negation.py and scopes.py, for the other languages of playbooks.

Rougher than for English: a denial reaches REACH words forward and ends at a comma, a "but" or a new subject. In doubt
a phrase counts as said. All words without accents, as normalising.py reads them.
"""

import re

from msgspec import Struct

from rtc.coaching.normalising import COMMA, Words, word_set
from rtc.coaching.patterns import Span, sentence_starts

REACH = 6


class Grammar(Struct, frozen=True):
    """Of one language. `ends`: words with which a denial's reach ends. `with_more`: "not only", "not well"."""

    negators: frozenset[str]
    ends: frozenset[str]
    with_more: frozenset[str]
    joins: frozenset[str]
    over: re.Pattern[str]
    supposed: re.Pattern[str]
    ended: re.Pattern[str]


GRAMMARS: dict[str, Grammar] = {
    "de": Grammar(
        word_set("kein keine keinen keinem keiner keinerlei nicht nie niemals ohne weder"),
        word_set("aber sondern doch jetzt trotzdem ich er sie es wir gut besser weil dass"),
        word_set("nur mehr gut besser so genau lange auszuhalten aufhoren auf"),
        word_set("oder und noch"),
        re.compile(
            r"\b(?:(?<!seit )(?:19|20)\d\d|vor (?:\w+ )?(?:jahren|monaten)|letztes jahr|fruher|"
            r"als kind|damals|gestorben an|starb an)\b"
        ),
        re.compile(
            r"\b(?:was (?:ist|mache ich|passiert),? wenn|falls|angenommen|im beipackzettel|anzeichen (?:fur|von))\b"
        ),
        re.compile(
            r"^(?:\w+ ){0,3}(?:ist|sind|hat|war) (?:jetzt |wieder |schon |ganz )*(?:weg|"
            r"vorbei|verschwunden|aufgehort)\b"
        ),
    ),
    "fr": Grammar(
        word_set("pas aucun aucune sans jamais ni"),
        word_set("mais maintenant cependant je jai il elle on nous bien mieux parce que"),
        word_set("seulement que bien mieux tres"),
        word_set("ou et ni"),
        re.compile(
            r"\b(?:en (?:19|20)\d\d|il y a (?:\w+ )?(?:ans|annees|mois)|lannee derniere|"
            r"quand jetais (?:petit|petite|enfant|jeune)|"
            r"autrefois|(?:mort|morte|decede|decedee) dun\w*)\b"
        ),
        re.compile(r"\b(?:et si|si jamais|au cas ou|que faire si|supposons|la notice|les signes d\w*)\b"),
        re.compile(
            r"^(?:\w+ ){0,3}(?:est|sest|a|cest) (?:maintenant |completement )*(?:parti|partie|"
            r"passe|passee|arrete|fini)\b"
        ),
    ),
    "es": Grammar(
        word_set("no sin nunca ningun ninguna ni tampoco"),
        word_set("pero sino ahora yo el ella bien mejor porque"),
        word_set("solo solamente puedo puede aguanto bien mejor para"),
        word_set("o y ni"),
        re.compile(
            r"\b(?:en (?:el )?(?:19|20)\d\d|hace (?:\w+ )?(?:anos|meses)|el ano pasado|"
            r"de (?:nino|nina|pequeno|pequena|joven)|"
            r"murio de|fallecio de)\b"
        ),
        re.compile(r"\b(?:y si|que pasa si|por si acaso|en caso de que|supongamos|el prospecto|los sintomas de)\b"),
        re.compile(
            r"^(?:\w+ ){0,3}(?:ya )?(?:se me |se le |se )?(?:ha |han )?(?:pasado|quitado|desaparecido|paso|quito)\b"
        ),
    ),
    "it": Grammar(
        word_set("non senza nessun nessuna nessuno mai ne neanche"),
        word_set("ma pero adesso ora io lui lei bene meglio perche"),
        word_set("solo soltanto riesco riesce bene meglio ce"),
        word_set("o e ne"),
        re.compile(
            r"\b(?:nel (?:19|20)\d\d|(?:\w+ )?(?:anni|mesi) fa|lanno scorso|da (?:bambino|"
            r"bambina|piccolo|piccola|giovane)|"
            r"(?:morto|morta) (?:di|per))\b"
        ),
        re.compile(r"\b(?:e se|cosa succede se|nel caso|caso mai|supponiamo|il foglietto|i sintomi d\w*)\b"),
        re.compile(
            r"^(?:\w+ ){0,3}(?:e|mi e|gli e|ora e) (?:adesso |gia )*(?:passato|passata|sparito|sparita|finito|finita)\b"
        ),
    ),
    "nl": Grammar(
        word_set("geen niet zonder nooit noch"),
        word_set("maar nu toch ik hij zij ze we goed beter omdat dat"),
        word_set("alleen goed beter meer op lang"),
        word_set("of en noch"),
        re.compile(
            r"\b(?:in (?:19|20)\d\d|(?:\w+ )?(?:jaar|jaren|maanden) geleden|vorig jaar|als kind|vroeger|"
            r"(?:overleden|gestorven) aan)\b"
        ),
        re.compile(r"\b(?:wat als|stel dat|voor het geval|in de bijsluiter|tekenen van)\b"),
        re.compile(r"^(?:\w+ ){0,3}(?:is|zijn|was) (?:nu |weer |al |helemaal )*(?:weg|over|voorbij|gestopt)\b"),
    ),
}


def is_denied(grammar: Grammar, said: Words, span: Span) -> bool:
    """Before the phrase: "keine Brustschmerzen". After it: "ist jetzt weg"."""
    if grammar.ended.match(" ".join(said.words[span.end : span.end + 8])):
        return True
    stops = set(sentence_starts(said))
    for n in range(span.start - 1, max(-1, span.start - 1 - REACH), -1):
        word, follows = said.words[n], said.words[n + 1] if n + 1 < len(said.words) else ""
        if n + 1 in stops or (said.marks[n + 1] == COMMA and not _joined(grammar, said, n + 1, span)):
            return False
        if word in grammar.negators:
            return follows not in grammar.with_more
        if word in grammar.ends:
            return False
    return False


def is_over(grammar: Grammar, said: Words, span: Span) -> bool:
    return bool(grammar.over.search(_sentence(said, span)))


def is_supposed(grammar: Grammar, said: Words, span: Span) -> bool:
    start = max((stop for stop in sentence_starts(said) if stop <= span.start), default=0)
    return bool(grammar.supposed.search(" ".join(said.words[start : span.start])))


def _joined(grammar: Grammar, said: Words, comma: int, span: Span) -> bool:
    """A comma in a list: "kein Fieber, Husten oder Brustschmerzen"."""
    return any(word in grammar.joins for word in said.words[comma : span.start + 1])


def _sentence(said: Words, span: Span) -> str:
    stops = sentence_starts(said)
    start = max((stop for stop in stops if stop <= span.start), default=0)
    end = min((stop for stop in stops if stop >= span.end), default=len(said.words))
    return " ".join(said.words[start:end])
