"""The catalogue of features as a page: `docs/features.md` is written by this."""

from financing.features.registry import Kind, catalogue

_HEAD = """# Features
What every feature is, as the code says it (`manage.py features show --write docs/features.md` writes this page).
A feature is made from facts known before a moment, of subjects who consent to credit use, without purchases among
people close to the merchant. Money is in whole minor units of the subject's currency and is never scored, so that a
scorecard means the same in every currency; it sets limits and explains. *Risk* says which way more of it moves the
risk, and which way the bins of a scorecard must run; features without it are not scored.

## Income and what it carries
- **Income** is `monthly_inflow`: all that came into a consumer's account here from outside, over 180 days, divided by
  six. Nothing is taken off: not what is sent on to other banks, not purchases, not instalments. Refunds, loans and
  payouts of sales are not income. It is an estimate from below: pay that goes to another bank is not seen, and of who
  came less than 180 days ago months are missing.
- **Essentials** are estimated as the policy's share of income (`essentials_percent`). What leaves the account is not
  read as essentials, because nothing says whether it was rent or savings; it tells in `outflow_to_inflow` and
  `near_zero_share`, which are scored.
- **Debt** is what falls due a month on plans here, signed or approved: one instalment a plan, the greatest to come.
  Debts elsewhere are not known.
- **Stress** lowers income by the policy's `stress_percent`. Essentials and debt stay what they are.
- **The new instalment** fits when it is no more than stressed income less essentials less debt, and no more than the
  policy's `debt_service_percent` of stressed income less debt. Each is taken off once, in underwriting alone.
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
