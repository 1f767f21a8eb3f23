"""Yes or no: whether a short turn affirms what the other side has just asked."""

from rtc.coaching.normalising import COMMA, STOP, Words, word_set

ANSWER_WITHIN_S = 12.0
"""From the end of the question to the beginning of the answer."""

MAX_ANSWER_WORDS = 30
"""Longer turns tell a story of their own; what they mean is in their words."""

_YES = word_set(
    "yes yeah yep yup aye yea mhm uhhuh definitely absolutely certainly exactly correct right sure afraid sadly "
    "ja genau oui si claro sì jawel klopt"
)
_NO = word_set("no nope nah not none never neither nothing nein kein non nada nessuno nee geen niet pas")
_FILLERS = word_set("well um uh er erm oh ah hm hmm so and actually i mean you know like that is it the please")
_OPENINGS = tuple(
    tuple(phrase.split())
    for phrase in (
        "i have",
        "i am",
        "i do",
        "i did",
        "i think so",
        "i would",
        "he has",
        "he is",
        "he does",
        "she has",
        "she is",
        "she does",
        "they have",
        "it is",
        "it does",
        "it has",
        "there is",
        "that is right",
        "a bit",
        "a little",
        "a lot",
        "a touch",
        "quite a",
        "just a",
        "just a bit",
        "sort of",
        "kind of",
        "some",
        "sometimes",
        "on and off",
        "all the time",
        "since",
        "for about",
        "for the last",
        "for the past",
        "started",
        "it started",
        "this morning",
        "last night",
        "all night",
        "all day",
        "all morning",
        "it comes and goes",
        "very much",
        "really bad",
        "lots",
        "loads",
        "too right",
        "of course",
        "ein bisschen",
        "seit",
        "un peu",
        "depuis",
        "un poco",
        "desde",
        "un po",
        "da ieri",
        "da stamattina",
        "een beetje",
        "sinds",
    )
)
_NO_OPENINGS = tuple(
    tuple(phrase.split())
    for phrase in (
        "i am fine",
        "i am okay",
        "i am all right",
        "i am ringing",
        "i am calling",
        "i have not",
        "i do not",
        "it is about",
        "it is for",
        "it is my",
        "it is to",
        "it is not",
        "it does not",
        "for the last time",
    )
)
_ASKING = word_set(
    "do does did have has had is are was were any can could would will shall should what who how where when which "
    "haben hast hat sind ist avez as est tiene tienes hay ha hai heeft heb bent"
)


def affirms(said: Words) -> bool:
    """ "Yes", "aye, a bit", "since this morning", "it is" do; "no", "not really", "yes and no" do not."""
    words = said.words
    if not words or len(words) > MAX_ANSWER_WORDS:
        return False
    first = 0
    while first < len(words) - 1 and words[first] in _FILLERS and not _opens(words[first:], _OPENINGS):
        first += 1
    pause = next((n for n in range(first + 1, len(words)) if said.marks[n] in (COMMA, STOP)), len(words))
    answer = words[first:pause]
    if answer[0] in _NO or _opens(words[first:], _NO_OPENINGS) or any(word in _NO for word in answer[:6]):
        return False
    return answer[0] in _YES or _opens(answer, _OPENINGS)


def _opens(words: tuple[str, ...], openings: tuple[tuple[str, ...], ...]) -> bool:
    return any(words[: len(opening)] == opening for opening in openings)


def is_question(text: str, said: Words) -> bool:
    """By its mark, or by a verb or question word in front where the recogniser wrote no mark."""
    if "?" in text:
        return True
    words = [word for word in said.words if word not in ("and", "so", "okay", "right", "well")]
    return bool(words) and words[0] in _ASKING | {"any"}
