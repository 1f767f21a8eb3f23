"""Denied, over, only supposed, and yes: in German, French, Spanish, Italian and Dutch."""

import pytest

from tests.support.coaching import Ear

PAIN = {
    "de": "'brustschmerz*', 'schmerz* in der brust'",
    "fr": "'mal a la poitrine', 'douleur* {dans|a} la poitrine'",
    "es": "'dolor* {en|de} el? pecho'",
    "it": "'dolor* al petto'",
    "nl": "'pijn op {de|mijn} borst'",
}


def heard(language: str, text: str) -> bool:
    ear = Ear(f"c: {{leg: patient, phrases: [{PAIN[language]}], past: false, supposed: false}}", language=language)
    return ear.say("patient", text) == ["c"]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Ich habe starke Brustschmerzen"),
        ("de", "Nein, ich habe Brustschmerzen"),
        ("de", "Mir geht es nicht gut, ich habe Brustschmerzen"),
        ("de", "kein Fieber, aber Schmerzen in der Brust"),
        ("de", "die Brustschmerzen gehen nicht weg"),
        ("fr", "J'ai mal à la poitrine"),
        ("fr", "je ne me sens pas bien j'ai mal à la poitrine"),
        ("fr", "non, j'ai une douleur dans la poitrine"),
        ("es", "Tengo un dolor en el pecho muy fuerte"),
        ("es", "no puedo más, tengo dolor en el pecho"),
        ("it", "Ho un dolore al petto"),
        ("it", "non sto bene, ho un dolore al petto"),
        ("nl", "Ik heb pijn op mijn borst"),
        ("nl", "het gaat niet goed, ik heb pijn op de borst"),
    ],
)
def test_heard(language: str, text: str) -> None:
    assert heard(language, text)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Ich habe keine Brustschmerzen"),
        ("de", "kein Fieber, kein Husten oder Brustschmerzen"),
        ("de", "ich hatte 2019 Brustschmerzen"),
        ("de", "vor drei Jahren hatte ich Brustschmerzen"),
        ("de", "was mache ich, wenn ich Brustschmerzen bekomme"),
        ("de", "die Brustschmerzen sind jetzt weg"),
        ("fr", "je n'ai pas mal à la poitrine"),
        ("fr", "j'ai eu mal à la poitrine il y a deux ans"),
        ("fr", "que faire si j'ai mal à la poitrine"),
        ("es", "no tengo dolor en el pecho"),
        ("es", "tuve dolor de pecho hace tres años"),
        ("es", "y si me da dolor en el pecho"),
        ("it", "non ho dolore al petto"),
        ("it", "ho avuto dolori al petto due anni fa"),
        ("it", "cosa succede se ho dolore al petto"),
        ("nl", "ik heb geen pijn op de borst"),
        ("nl", "ik had twee jaar geleden pijn op de borst"),
        ("nl", "wat als ik pijn op de borst krijg"),
    ],
)
def test_silent(language: str, text: str) -> None:
    assert not heard(language, text)


@pytest.mark.parametrize(
    ("language", "question", "yes", "no"),
    [
        ("de", "Haben Sie Brustschmerzen?", "Ja, seit heute Morgen.", "Nein, gar nicht."),
        ("fr", "Avez-vous mal à la poitrine ?", "Oui, un peu.", "Non, pas du tout."),
        ("es", "¿Tiene dolor en el pecho?", "Sí, desde ayer.", "No, nada."),
        ("it", "Ha dolori al petto?", "Sì, da stamattina.", "No, niente."),
        ("nl", "Heeft u pijn op de borst?", "Ja, een beetje.", "Nee, dat niet."),
    ],
)
def test_answers(language: str, question: str, yes: str, no: str) -> None:
    conditions = f"c: {{leg: patient, phrases: [{PAIN[language]}]}}"
    ear = Ear(conditions, language=language)
    ear.say("agent", question)
    assert ear.say("patient", yes) == ["c"]
    ear = Ear(conditions, language=language)
    ear.say("agent", question)
    assert ear.say("patient", no) == []
