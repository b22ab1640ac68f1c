"""States and postings are what their pages say."""

import pytest

from config import env
from payments import states
from payments.management.commands import states as states_command
from payments.reconciliation import money_flow

DOCUMENTS = {
    "states.md": states_command.document,
    "money-flow.md": money_flow.document,
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_generated_page_is_current(name: str) -> None:
    assert (env.CHECKOUT / "docs" / name).read_text(encoding="utf-8") == DOCUMENTS[name]()


@pytest.mark.parametrize("machine", states.MACHINES, ids=lambda machine: machine.name)
def test_every_state_can_be_reached_and_no_event_leads_two_ways(machine: states.Machine) -> None:
    reached = {machine.initial}
    for _ in machine.states:
        reached |= {row[2] for row in machine.transitions if row[0] in reached}
    assert reached == set(machine.states)
    pairs = [row[:2] for row in machine.transitions]
    assert len(pairs) == len(set(pairs))
    # The card's bank may change its mind for ever, and any bank send back what came: no end of these is the last.
    assert machine.final or machine in (states.DISPUTE, states.FAILED_REFUND)


def test_a_move_that_is_not_in_the_table_is_refused() -> None:
    assert states.move(machine=states.PAYMENT, state="recorded", event="authorise") == "authorised"
    with pytest.raises(states.ForbiddenTransition, match=r"captured.*cannot.*authorise"):
        states.move(machine=states.PAYMENT, state="captured", event="authorise")
