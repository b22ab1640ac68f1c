"""Finding: how good the order is, what is understood of what is typed, what can be narrowed by."""

import pytest

from mall.benchmarks import judged
from tests.factories.mall import AT, make_merchant

pytestmark = pytest.mark.django_db


def test_the_judged_searches_are_answered_in_a_good_order():
    products = judged.load(merchant_id=make_merchant().pk, at=AT)
    found = judged.score(products=products)
    import json
    print(json.dumps(found, indent=1))
    for one in judged.searches(products=products):
        g = judged.gain(judged=one)
        if g < 0.8:
            from mall.search import queries
            page = queries.search(text=one.text, with_facets=False)
            print(f"{g:.2f} {one.text} [{one.kind}] total={page.total} corrected={page.corrected!r} partial={page.partial}")
            for h in page.hits[:6]: print("      ", one.grades.get(h.product_id, 0), h.title)
    assert found[""] >= 0.85
