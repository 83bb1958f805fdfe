"""A real search, with the offline model for all roles."""

from dspnb import LM, Module, Predict, compile, data, metrics, use

TICKETS = data.tickets()
TEAM = (
    "ticket -> team: Literal['logistics', 'finance', 'hardware', 'software', 'identity', "
    "'aftersales', 'sales', 'trust']"
)


class TwoSteps(Module):
    """Sums a ticket up, and routes what it made of it."""

    def __init__(self):
        self.sum_up = Predict("ticket -> topic")
        self.route = Predict(TEAM.replace("ticket", "ticket, topic"))

    def forward(self, ticket):
        return self.route(ticket=ticket, topic=self.sum_up(ticket=ticket).topic)


def searched(optimizer, program=None, train=12, val=12):
    """The run of a search that has ended."""
    with use(lm=LM("offline")):
        return compile(
            program or TwoSteps(),
            optimizer,
            metric=metrics.exact("team"),
            train=TICKETS[:train],
            val=TICKETS[train : train + val],
            never_worse=False,
            wait=True,
        )
