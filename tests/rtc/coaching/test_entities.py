"""Things with a form, as a recogniser writes them, and what is easily taken for one."""

import pytest

from rtc.coaching.entities import ends, is_nhs_number, luhn
from rtc.coaching.normalising import read_unjoined
from rtc.coaching.operators import Entity, EntityKind

FOUND: list[tuple[EntityKind, str]] = [
    ("date_of_birth", "my date of birth is the fourth of March nineteen sixty-two"),
    ("date_of_birth", "14/03/1962"),
    ("date_of_birth", "fourteen three sixty two"),
    ("date_of_birth", "oh four oh three sixty two"),
    ("date_of_birth", "the twenty first of June 1985"),
    ("date_of_birth", "March 4th, 1962"),
    ("postcode", "it's SW1A 1AA"),
    ("postcode", "S W one A one double A"),
    ("postcode", "L S six three A B"),
    ("telephone", "07700 900123"),
    ("telephone", "oh seven seven double oh, nine oh oh, one two three"),
    ("telephone", "+44 7700 900123"),
    ("card_number", "4111 1111 1111 1111"),
    ("card_number", "it's five five five five, three four one two"),
    ("nhs_number", "943 476 5919"),
    ("nhs_number", "nine four three, four seven six, five nine one nine"),
    ("money", "that's £45"),
    ("money", "forty five quid"),
    ("money", "20 euros"),
    ("time", "half nine"),
    ("time", "quarter past ten"),
    ("time", "at 9:30"),
    ("time", "3 o'clock"),
]

NOT_FOUND: list[tuple[EntityKind, str]] = [
    ("date_of_birth", "on the 4th of March please"),
    ("date_of_birth", "in 1962"),
    ("date_of_birth", "at half nine on the 14th of March"),
    ("postcode", "I take 2 a day"),
    ("postcode", "ring me at 9 a m"),
    ("telephone", "943 476 5919"),
    ("telephone", "it was 2019"),
    ("card_number", "07700 900 123"),
    ("card_number", "943 476 5919"),
    ("card_number", "four one one one"),
    ("nhs_number", "943 476 5918"),
    ("nhs_number", "07700 900123"),
    ("money", "45 people"),
    ("time", "I have two children"),
    ("time", "half of it"),
]


def found(entity: Entity, text: str, country: str = "GB") -> int:
    return len(ends(entity, read_unjoined(text), country))


@pytest.mark.parametrize(("kind", "text"), FOUND)
def test_found(kind: EntityKind, text: str) -> None:
    assert found(Entity(kind), text) == 1


@pytest.mark.parametrize(("kind", "text"), NOT_FOUND)
def test_not_found(kind: EntityKind, text: str) -> None:
    assert found(Entity(kind), text) == 0


def test_a_whole_card_number_passes_its_check() -> None:
    whole = Entity("card_number", partial=False)
    assert found(whole, "4111 1111 1111 1111") == 1
    assert found(whole, "4111 1111 1111 1112") == 0
    assert found(whole, "4111 1111") == 0
    assert luhn("79927398713")
    assert not luhn("79927398710")


def test_check_digit_of_an_nhs_number() -> None:
    assert is_nhs_number("4010232137")
    assert not is_nhs_number("4010232138")


@pytest.mark.parametrize(
    ("country", "text", "count"),
    [
        ("IE", "D02 AF30", 1),
        ("NL", "1012 AB", 1),
        ("DE", "10115 Berlin", 1),
        ("GB", "10115 Berlin", 0),
        ("XX", "SW1A 1AA", 0),
    ],
)
def test_postcodes_are_the_countrys(country: str, text: str, count: int) -> None:
    assert found(Entity("postcode"), text, country) == count


def test_how_many() -> None:
    assert found(Entity("time"), "either half nine or quarter to four") == 2
