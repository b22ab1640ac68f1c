"""The catalogue of features as a page: `docs/features.md` is written by this."""

from financing.features.registry import Kind, catalogue

_HEAD = """# Features
What every feature is, as the code says it (`manage.py features show --write docs/features.md` writes this page).
A feature is made from facts known before a moment, of subjects who consent to credit use, without purchases among
people close to the merchant. Money is in whole minor units of the subject's currency and is never scored, so that a
scorecard means the same in every currency; it sets limits and explains. *Risk* says which way more of it moves the
risk, and which way the bins of a scorecard must run; features without it are not scored.
"""


def page() -> str:
    """Return the page as Markdown."""
    return "\n".join([_HEAD, *(_of_kind(kind) for kind in ("consumer", "merchant"))])


def _of_kind(kind: Kind) -> str:
    features = catalogue(kind)
    lines = [
        f"## {kind.capitalize()}s: {len(features.features)} features, {len(features.scored)} scored",
        f"Catalogue `{features.version}`.",
        "",
        "| feature | what it is | unit | valid | without rows | risk | owner |",
        "|---|---|---|---|---|---|---|",
    ]
    for feature in features.features:
        empty = "unknown" if feature.empty is None else f"{feature.empty:g}"
        lines.append(
            f"| `{feature.name}` | {feature.description} | {feature.unit} | {feature.low:g} to {feature.high:g} "
            f"| {empty} | {feature.risk or 'not scored'} | {feature.owner} |"
        )
    return "\n".join([*lines, ""])
