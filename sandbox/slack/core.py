"""The parts of one simulated Slack, put together."""

import secrets

from sandbox.slack.clock import Clock
from sandbox.slack.delivery import Delivery
from sandbox.slack.faults import Faults
from sandbox.slack.journal import Journal
from sandbox.slack.messages import Ledger
from sandbox.slack.modals import Modals
from sandbox.slack.rates import Limits, Rates
from sandbox.slack.seed import Seed
from sandbox.slack.sockets import Sockets
from sandbox.slack.tickets import Tickets
from sandbox.slack.transports import Transports
from sandbox.slack.world import World


class Core:
    """All state. Only the server's loop touches it while the server runs, so nothing needs a lock."""

    def __init__(self, seed: Seed, rates: Rates, clock: Clock, ack_within: float, faults: Faults) -> None:
        self.seed = seed
        self.clock = clock
        self.bot_token = f"xoxb-{secrets.randbelow(10**12)}-{secrets.token_urlsafe(18)}"
        self.app_token = f"xapp-1-{seed.app_id}-{secrets.token_urlsafe(24)}"
        self.signing_secret = secrets.token_hex(16)
        self.verification_token = secrets.token_urlsafe(18)
        self.url = ""
        self.faults = faults
        self.transports = Transports()
        known = (self.bot_token, self.app_token, self.signing_secret, self.verification_token)
        self.journal = Journal(clock, known)
        self.limits = Limits(rates, clock)
        self.world = World(seed)
        self.ledger = Ledger(seed, clock)
        self.modals = Modals(seed, clock, self.ledger)
        self.tickets = Tickets(clock)
        self.sockets = Sockets(seed, self.tickets, faults, self.journal, self.transports)
        self.delivery = Delivery(clock, faults, self.journal, self.sockets, self.signing_secret, ack_within)
        self.unknown_calls: list[str] = []
