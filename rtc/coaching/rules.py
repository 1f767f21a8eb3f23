"""The conditions of one playbook, compiled and put in order: each behind those it asks about."""

from collections.abc import Mapping

from rtc.coaching.classifier.classifier import classifier
from rtc.coaching.definitions import Condition
from rtc.coaching.matching import CompiledCondition
from rtc.coaching.patterns import Lexicon
from rtc.messages import Leg


class CircularError(ValueError):
    """Conditions ask about each other in a circle. The text names them."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"asks about itself: {' -> '.join(names)}")
        self.name = names[0]


class Rules:
    """Shared by all calls: holds nothing that was said."""

    def __init__(self, conditions: Mapping[str, Condition], lexicon: Lexicon, country: str, language: str) -> None:
        """Raises PatternError, RegexError, CircularError. `lexicon`: with the playbook's word lists."""
        self.country = country
        self.lexicon = lexicon
        self.ordered = [
            (name, CompiledCondition(conditions[name], self.lexicon, language[:2])) for name in in_order(conditions)
        ]
        self.on_time = [
            (name, one.definition)
            for name, one in self.ordered
            if one.definition.timed or (one.definition.absent is not None and one.definition.absent.by_s is not None)
        ]
        """Those that are met by time passing."""
        self.late = [(name, one.definition) for name, one in self.ordered if one.definition.late]
        self._legs = {name: legs_of(name, conditions) for name in conditions}

    def leg_of(self, names: list[str]) -> Leg | None:
        """The side that all of these conditions hear. None: either."""
        legs = {leg for name in names for leg in self._legs[name]}
        return legs.pop() if len(legs) == 1 else None

    def prepare(self) -> None:
        """Load what meaning needs and read the example sentences now, in a thread, not in the middle of a call."""
        for _, condition in self.ordered:
            semantic = condition.definition.semantic
            if semantic is not None and semantic.label is not None:
                classifier()
            _ = condition.examples


def legs_of(name: str, conditions: Mapping[str, Condition]) -> frozenset[Leg]:
    """The sides whose words can meet this condition, through those it is composed of."""
    condition = conditions[name]
    if condition.composed:
        parts = [*condition.any, *condition.all]
        if condition.absent is not None:
            parts += condition.absent.before
        return frozenset(leg for part in parts for leg in legs_of(part, conditions))
    if not condition.hears:
        return frozenset()
    return frozenset(("agent", "patient") if condition.leg == "any" else (condition.leg,))


def in_order(conditions: Mapping[str, Condition]) -> list[str]:
    """Names, each behind those it asks about; what is not there is passed over. Raises CircularError."""
    done: dict[str, None] = {}

    def visit(name: str, path: list[str]) -> None:
        if name in path:
            raise CircularError([*path[path.index(name) :], name])
        if name in done or name not in conditions:
            return
        for names in conditions[name].refers.values():
            for other in names:
                visit(other, [*path, name])
        done[name] = None

    for name in conditions:
        visit(name, [])
    return list(done)
