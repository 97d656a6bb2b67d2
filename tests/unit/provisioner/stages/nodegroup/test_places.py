"""The line for a place: first come, first served, and nobody holds it up who has left."""

from __future__ import annotations

from provisioner.stages.nodegroup.places import PAUSE_MOST, Places, pause_in_line
from tests.fakes.clock import FakeClock

CLOCK = FakeClock()


class Line:
    """Places over a clock, and who has begun."""

    def __init__(self, most: int) -> None:
        self.clock = FakeClock()
        self.places = Places(most, self.clock.elapsed)
        self.begun: set[str] = set()

    def ask(self, name: str, came: float) -> int:
        """Who may begin does so."""
        place = self.place(name, came)
        if place == 0:
            self.places.leave(name)
            self.begun.add(name)
        return place

    def place(self, name: str, came: float) -> int:
        return self.places.ask(name, CLOCK.later(came), taken=len(self.begun - {name}))


def test_as_many_begin_as_there_are_places() -> None:
    line = Line(3)

    assert [line.ask(name, at) for at, name in enumerate("abcdef")] == [0, 0, 0, 1, 2, 3]


def test_the_order_is_by_when_each_came_and_not_by_who_asks_first() -> None:
    line = Line(1)
    line.ask("a", 0)

    assert [line.ask(name, at) for name, at in (("d", 3), ("b", 1), ("c", 2), ("d", 3))] == [1, 1, 2, 3]


def test_who_may_begin_keeps_the_place_from_somebody_who_came_earlier_and_asks_later() -> None:
    line = Line(1)

    assert line.place("b", 1) == 0
    assert line.place("a", 0) == 1
    assert line.place("b", 1) == 0


def test_a_place_that_is_not_taken_is_free_again_after_a_moment() -> None:
    line = Line(1)
    line.place("a", 0)
    line.clock.pass_by(30)

    assert line.place("b", 1) == 0


def test_who_left_is_not_before_anybody() -> None:
    line = Line(1)
    for at, name in enumerate("abc"):
        line.ask(name, at)

    line.places.leave("b")

    assert line.ask("c", 2) == 1


def test_who_is_late_comes_back_where_it_was() -> None:
    line = Line(1)
    for at, name in enumerate("abc"):
        line.ask(name, at)
    line.clock.pass_by(30)
    assert line.ask("c", 2) == 1

    assert (line.ask("b", 1), line.ask("c", 2)) == (1, 2)


def test_who_asks_as_often_as_told_is_never_taken_for_gone() -> None:
    line = Line(1)
    line.ask("a", 0)
    ahead = [f"b{number:03}" for number in range(199)]
    for name in ahead:
        line.ask(name, 1)

    places = []
    for _ in range(5):
        places.append(line.ask("c", 2))
        line.clock.pass_by(pause_in_line(places[-1]))
        for name in ahead:
            line.ask(name, 1)

    assert places == [200] * 5


def test_the_next_one_looks_each_second_and_those_far_behind_seldom() -> None:
    assert [pause_in_line(place) for place in (1, 2, 10, 50, 1000)] == [1, 2, 2, 10, PAUSE_MOST]


def test_a_second_child_of_the_same_name_needs_no_second_place() -> None:
    line = Line(1)
    line.ask("a", 0)

    assert line.ask("a", 5) == 0
