"""Whether two rule sets judge every minute alike, so that figures of the one are figures of the other."""

from typing import Final

from service.domain.rules import RuleSet

# What verdicts, and rates from them, rest on. The coverage floor and the targets come after both.
_PARTS: Final = frozenset(
    {
        "bands",
        "abnormal_bands",
        "assessment_bands",
        "contract_band",
        "operator_band",
        "levels",
        "interruption",
        "denominator",
        "power_factor",
    }
)
_WORDS: Final = frozenset({"source", "certainty", "effective_from", "effective_to"})


def judge_alike(one: RuleSet, other: RuleSet) -> bool:
    """Return whether both give every minute the same verdict, and count verdicts alike.

    A pledge over the norm that it extends does; where in time and on what the rows rest does not
    matter, the order of bands does.
    """
    return _limits(one) == _limits(other)


def _limits(rule_set: RuleSet) -> object:
    return _without_words(rule_set.model_dump(include=set(_PARTS)))


def _without_words(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_words(one) for key, one in value.items() if key not in _WORDS}
    if isinstance(value, list | tuple):
        return [_without_words(one) for one in value]
    return value
