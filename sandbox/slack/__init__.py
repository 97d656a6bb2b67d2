"""A Slack on loopback: Web API, Socket Mode and signed HTTP for an unmodified Bolt app."""

from sandbox.slack.clock import Clock, MovableClock, SystemClock
from sandbox.slack.errors import CannotAct
from sandbox.slack.faults import Down, Faults
from sandbox.slack.rates import Rates
from sandbox.slack.seed import ChannelSeed, GroupSeed, PersonSeed, Seed, ShortcutSeed
from sandbox.slack.simulator import SlackSimulator

__all__ = [
    "CannotAct",
    "ChannelSeed",
    "Clock",
    "Down",
    "Faults",
    "GroupSeed",
    "MovableClock",
    "PersonSeed",
    "Rates",
    "Seed",
    "ShortcutSeed",
    "SlackSimulator",
    "SystemClock",
]
