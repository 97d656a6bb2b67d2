"""A process that holds the lock leads, or ends."""

from __future__ import annotations

import subprocess
import sys

from bot.runtime.leader import LOST

PROGRAM = """
import threading
from bot.runtime.leader import Leader

class Lock:
    looks = 0

    def alive(self):
        Lock.looks += 1
        {alive}

    def release(self):
        pass

def lead():
    {lead}

Leader(try_lead=Lock, lead=lead, resign=lambda: None, grace=0).start()
threading.Event().wait(20)
"""


def ended(*, lead: str = "pass", alive: str = "return True") -> int:
    program = PROGRAM.format(lead=lead, alive=alive)
    return subprocess.run([sys.executable, "-c", program], timeout=15, check=False).returncode


def test_a_process_that_cannot_begin_to_lead_ends() -> None:
    assert ended(lead="raise OSError('no database')") == LOST


def test_a_process_whose_lock_is_lost_ends() -> None:
    assert ended(alive="return Lock.looks < 2") == LOST


def test_a_process_that_cannot_look_at_its_lock_ends() -> None:
    assert ended(alive="raise OSError('no connection')") == LOST
