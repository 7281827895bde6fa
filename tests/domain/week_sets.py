"""Rule sets with week limits, in the shape of EN 50160 and of AS 61000.3.100."""

from service.domain.rules import RuleSet, parse_rule_set

_ROW = 'source = "of a test"\ncertainty = "confirm"\neffective_from = 2010-01-01\n'


def week_set(name: str, week: str, *limits: str) -> RuleSet:
    """Return a rule set on the ground of sgcc-2003 with these parts."""
    parts = [
        f'name = "{name}"\ntitle = "{name}"\nextends = "sgcc-2003"\neffective_from = 2010-01-01'
    ]
    parts.append("targets = []")
    parts.append(f"[week]\n{week}\n{_ROW}")
    parts += [f"[[week_limits]]\n{limit}\n{_ROW}" for limit in limits]
    return parse_rule_set("\n".join(parts))


EN = week_set(
    "en-test",
    "known_minutes_min = 5\nleaves_out_flagged = true",
    "up_to_kv = 1\nvalue_s = 600\nlower_percent = -10\nupper_percent = 10\noutside_share_max = 0.05",
    "up_to_kv = 1\nvalue_s = 600\nlower_percent = -15\nupper_percent = 10\noutside_share_max = 0",
)
AS = week_set(
    "as-test",
    "known_minutes_min = 1\nleaves_out_flagged = false",
    'wirings = ["1p"]\nvalue_s = 60\nlower_v = 216\noutside_share_max = 0.01',
    'wirings = ["1p"]\nvalue_s = 60\nupper_v = 253\noutside_share_max = 0.01',
)
