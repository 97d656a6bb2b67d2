"""Known failures: each is found by the text it was learned from, and only it."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from provisioner.diagnosis import Known, catalogue, diagnose, templates
from provisioner.errors import Cause
from provisioner.message import Message

SOMETHING = Message("cannot do {something}", something="it")

known = pytest.mark.parametrize("entry", catalogue(), ids=lambda entry: entry.id)


def met(entry: Known) -> tuple[Message, Cause | None]:
    """The failure as it came when it was learned."""
    if entry.words is None:
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(entry.what))
        found = re.fullmatch(pattern, entry.text)
        assert found, f"{entry.text} is not said by {entry.what}"
        return Message(entry.what, **found.groupdict()), None
    return SOMETHING, Cause(service=entry.service, operation="any", code=entry.code, words=entry.text)


@known
def test_each_is_found_by_its_own_text_and_no_other_fits_it(entry: Known) -> None:
    fitting = [each.id for each in catalogue() if each.values(*met(entry)) is not None]

    assert fitting == [entry.id]


@known
def test_each_says_cause_and_remedy_in_whole_sentences(entry: Known) -> None:
    found = diagnose(*met(entry))

    assert found is not None
    assert found.retryable is entry.retryable
    for sentence in (str(found.cause), str(found.remedy)):
        assert sentence[-1] in ".!)"
        assert "{" not in sentence


@known
def test_each_sentence_uses_only_values_the_failure_has(entry: Known) -> None:
    names = {
        name for text in (entry.cause, entry.remedy) for _, name, _, _ in Formatter().parse(text) if name
    }
    given = set(entry.words.groupindex) if entry.words else set(met(entry)[0].values)

    assert names <= given


def test_the_names_are_stable_and_of_one_failure_each() -> None:
    ids = [entry.id for entry in catalogue()]

    assert len(ids) == len(set(ids))


def test_what_nobody_has_met_before_is_not_known() -> None:
    cause = Cause(service="s3", operation="CreateBucket", code="Odd", words="the moon is in the wrong house")

    assert diagnose(SOMETHING, cause) is None
    assert diagnose(SOMETHING, None) is None


def test_the_words_of_another_service_do_not_mislead() -> None:
    cause = Cause(service="grafana", operation="GET", words="no password hash provided")

    assert diagnose(SOMETHING, cause) is None


def test_the_right_that_lacks_is_named() -> None:
    words = (
        'profiles.kubeflow.org is forbidden: User "workspace-bot" cannot create resource "profiles"'
        ' in API group "kubeflow.org" at the cluster scope'
    )
    found = diagnose(SOMETHING, Cause(service="kubernetes", operation="create", code="403", words=words))

    assert found is not None
    assert str(found.cause) == "The bot (workspace-bot) may not create profiles in Kubernetes."
    assert not found.retryable


@pytest.mark.parametrize(
    ("words", "retryable"),
    [
        ("Rate exceeded", True),
        ("The provided token has expired.", False),
        ('Read timeout on endpoint URL: "https://s3.ap-northeast-2.amazonaws.com/"', True),
    ],
)
def test_other_words_for_the_same_are_known_too(words: str, *, retryable: bool) -> None:
    found = diagnose(SOMETHING, Cause(service="s3", operation="any", words=words))

    assert found is not None
    assert found.retryable is retryable


def test_every_sentence_is_there_to_be_translated() -> None:
    assert len(templates()) == 2 * len(catalogue())
