"""A policy's document: found by what it says, edited so that nothing else moves."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.stages.access.document import PolicyDocument, Unfit, read
from tests.builders import a_workspace

OURS = a_workspace().bucket_arns
SHARED = "arn:aws:s3:::s3-an2-meerkat-prod-aia"
GRANT = {
    "Sid": "Buckets",
    "Effect": "Allow",
    "Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
    "Resource": [SHARED, f"{SHARED}/*"],
}
LOOK = {"Effect": "Allow", "Action": ["s3:ListAllMyBuckets", "s3:GetBucketLocation"], "Resource": "*"}
DENY = {
    "Effect": "Deny",
    "Action": "s3:*",
    "Resource": [SHARED, f"{SHARED}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def a_policy(*statements: Mapping[str, Any]) -> PolicyDocument:
    return read({"Version": "2012-10-17", "Statement": list(statements)})


def resources(document: PolicyDocument, number: int = 0) -> Any:
    return document.statements[number]["Resource"]


def plain(document: PolicyDocument) -> Any:
    """The content with one form for what IAM takes as one or as a list."""
    return {
        **document.content,
        "Statement": [
            {**each, "Resource": [each["Resource"]]} if isinstance(each.get("Resource"), str) else each
            for each in document.statements
        ],
    }


# Generated documents

names = st.from_regex(r"[a-z][a-z0-9-]{2,12}[a-z0-9]", fullmatch=True).map(lambda name: f"other-{name}")
bucket_arns = names.map(lambda name: f"arn:aws:s3:::{name}")
buckets = st.one_of(
    bucket_arns, bucket_arns.map(lambda arn: f"{arn}/*"), bucket_arns.map(lambda arn: f"{arn}-*/in/*")
)
elsewhere = st.sampled_from(
    ["*", "arn:aws:s3:::*", "arn:aws:s3:::*/*", "arn:aws:kms:ap-northeast-2:123456789012:key/1"]
)
conditions = st.fixed_dictionaries(
    {},
    optional={
        "Condition": st.dictionaries(
            st.sampled_from(["Bool", "StringEquals", "StringLike"]),
            st.dictionaries(
                st.sampled_from(["aws:SecureTransport", "aws:PrincipalTag/팀"]), st.text(max_size=8)
            ),
            max_size=2,
        ),
        "Sid": st.sampled_from(["", "Buckets", "AllowAll"]),
    },
)
reading = st.sampled_from(["s3:*", "S3:GetObject", ["s3:Get*", "kms:Decrypt"], ["s3:ListBucket"]])
kept_out = st.one_of(  # what no edit may touch
    st.fixed_dictionaries(
        {"Effect": st.just("Deny"), "Action": reading, "Resource": st.lists(buckets, min_size=1, max_size=4)}
    ),
    st.fixed_dictionaries({"Effect": st.just("Allow"), "Action": reading, "NotResource": buckets}),
    st.fixed_dictionaries({"Effect": st.just("Allow"), "NotAction": st.just("iam:*"), "Resource": buckets}),
    st.fixed_dictionaries(
        {
            "Effect": st.just("Allow"),
            "Action": st.just("kms:Decrypt"),
            "Resource": st.lists(elsewhere, min_size=1),
        }
    ),
    st.just(LOOK),
)


@st.composite
def statements(draw: st.DrawFn, listed: st.SearchStrategy[Any]) -> dict[str, Any]:
    """With its keys in any order."""
    found = {"Effect": "Allow", "Action": draw(reading), "Resource": draw(listed), **draw(conditions)}
    return {key: found[key] for key in draw(st.permutations(list(found)))}


@st.composite
def documents(draw: st.DrawFn, listed: st.SearchStrategy[Any]) -> PolicyDocument:
    """With one statement that grants S3 on listed buckets, anywhere among others."""
    grant = draw(statements(listed))
    others = draw(st.lists(kept_out, max_size=4))
    place = draw(st.integers(0, len(others)))
    found: Any = [*others[:place], grant, *others[place:]]
    if not others and draw(st.booleans()):
        found = grant
    return read({"Version": "2012-10-17", "Id": "한글 é", "Statement": deepcopy(found)})


lists = st.lists(buckets, min_size=1, max_size=6)


@given(documents(lists))
def test_T33_a_bucket_put_in_and_taken_out_leaves_the_document_as_it_was(document: PolicyDocument) -> None:
    before = json.dumps(document.content)

    put = document.with_bucket(OURS)

    assert all(put.lists(arn) for arn in OURS)
    assert json.dumps(put.without_bucket(OURS).content) == before
    assert json.dumps(document.content) == before, "it was changed in place"


@given(documents(buckets))
def test_T34_so_it_is_where_one_resource_stands_without_a_list(document: PolicyDocument) -> None:
    put = document.with_bucket(OURS)

    assert all(put.lists(arn) for arn in OURS)
    assert plain(put.without_bucket(OURS)) == plain(document)


@given(documents(st.one_of(lists, buckets)))
def test_T36_every_statement_but_the_one_stays_and_it_only_gains_our_two(document: PolicyDocument) -> None:
    put = document.with_bucket(OURS)

    changed = [
        (before, after)
        for before, after in zip(document.statements, put.statements, strict=True)
        if before != after
    ]
    ((before, after),) = changed
    there = before["Resource"] if isinstance(before["Resource"], list) else [before["Resource"]]
    assert after == {**before, "Resource": [*there, *OURS]}
    assert list(after) == list(before)


@given(documents(lists), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_T39_twenty_workspaces_put_in_and_taken_out_in_any_order_lose_nothing(
    document: PolicyDocument, chance: random.Random
) -> None:
    projects: list[Sequence[str]] = [a_workspace(f"p{number}").bucket_arns for number in range(20)]
    leaving = projects[::2]
    todo: list[tuple[bool, Sequence[str]]] = [(True, arns) for arns in projects]
    chance.shuffle(todo)
    for arns in leaving:
        came = todo.index((True, arns))
        todo.insert(chance.randint(came + 1, len(todo)), (False, arns))

    after = document
    for comes, arns in todo:
        after = after.with_bucket(arns) if comes else after.without_bucket(arns)

    stayed = [arns for comes, arns in todo if comes and arns not in leaving]
    expected = document
    for arns in stayed:
        expected = expected.with_bucket(arns)
    assert after == expected
    assert len(stayed) == 10


@given(documents(st.one_of(lists, buckets)))
def test_T12_the_text_is_json_that_iam_takes_and_says_the_same(document: PolicyDocument) -> None:
    text = document.text

    assert json.loads(text) == document.content
    assert all(character in "\t\n\r" or " " <= character <= "\xff" for character in text)


# Which statement


@pytest.mark.parametrize("order", [(GRANT, LOOK, DENY), (DENY, GRANT, LOOK), (LOOK, DENY, GRANT)])
def test_T33_the_statement_is_found_by_what_it_says(order: Sequence[Mapping[str, Any]]) -> None:
    edited = a_policy(*order).with_bucket(OURS)

    assert [each for each in edited.statements if each not in order] == [
        {**GRANT, "Resource": [SHARED, f"{SHARED}/*", *OURS]}
    ]


def test_T33_two_statements_that_could_be_meant_are_refused() -> None:
    objects = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{SHARED}/*"}

    with pytest.raises(Unfit) as refused:
        a_policy(GRANT, DENY, objects).with_bucket(OURS)

    assert str(refused.value) == (
        "several statements allow S3 access to listed buckets: statement 1 (Buckets), statement 3"
    )
    assert "merge them" in str(refused.value.hint)


def test_T33_of_two_that_already_list_the_bucket_one_is_enough() -> None:
    document = a_policy(GRANT, {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [SHARED, *OURS]})

    assert document.with_bucket(OURS) == document


def test_T33_a_bucket_that_is_half_in_one_of_two_is_refused() -> None:
    objects = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [f"{SHARED}/*", OURS[1]]}

    with pytest.raises(Unfit, match="several statements"):
        a_policy(GRANT, objects).with_bucket(OURS)


@pytest.mark.parametrize(
    "other",
    [
        DENY,
        LOOK,
        {"Effect": "Allow", "NotAction": "s3:*", "Resource": [SHARED]},
        {"Effect": "Allow", "Action": "s3:*", "NotResource": [SHARED]},
        {"Effect": "Allow", "Action": "sqs:*", "Resource": [SHARED]},
        {"Effect": "Allow", "Action": "s3-object-lambda:*", "Resource": [SHARED]},
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::*", "arn:aws:s3:::*/*"]},
    ],
    ids=lambda other: json.dumps(other)[:60],
)
def test_T33_no_other_statement_is_meant(other: Mapping[str, Any]) -> None:
    assert a_policy(other, GRANT).with_bucket(OURS).statements[0] == other
    with pytest.raises(Unfit, match="no statement allows S3 access to listed buckets") as refused:
        a_policy(other).with_bucket(OURS)
    assert "shared bucket" in str(refused.value.hint)


# Forms


def test_T34_one_resource_becomes_a_list_when_another_comes() -> None:
    edited = a_policy({**GRANT, "Resource": SHARED}).with_bucket(OURS)

    assert resources(edited) == [SHARED, *OURS]


def test_a_single_statement_stays_without_a_list() -> None:
    document = read({"Version": "2012-10-17", "Statement": GRANT})

    assert document.with_bucket(OURS).content["Statement"]["Resource"][-2:] == [*OURS]
    assert document.with_bucket(OURS).without_bucket(OURS) == document


@pytest.mark.parametrize(
    "resource",
    [
        "*",
        ["*"],
        "arn:aws:s3:::*",
        "arn:aws:s3:::s3-an2-*",
        [SHARED, "arn:aws:s3:::s3-an2-meerkat-prod-?????*"],
    ],
    ids=str,
)
def test_T34_a_pattern_that_covers_the_bucket_is_left_alone(resource: Any) -> None:
    document = a_policy({**GRANT, "Resource": resource}, DENY)

    assert document.with_bucket(OURS) == document
    assert document.without_bucket(OURS) == document


@pytest.mark.parametrize(
    "open_to_all",
    [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Allow", "Action": ["s3:Get*", "s3:ListBucket", "s3:PutObject"], "Resource": "*"},
    ],
    ids=lambda other: str(other["Action"]),
)
def test_T34_a_pattern_in_another_statement_counts_when_it_allows_as_much(
    open_to_all: Mapping[str, Any],
) -> None:
    assert a_policy(GRANT, open_to_all).with_bucket(OURS) == a_policy(GRANT, open_to_all)
    assert a_policy(open_to_all).with_bucket(OURS) == a_policy(open_to_all)


@pytest.mark.parametrize(
    "open_to_some",
    [
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::*/*"},
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"a": "true"}}},
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
    ],
    ids=str,
)
def test_T34_a_pattern_that_allows_less_does_not(open_to_some: Mapping[str, Any]) -> None:
    edited = a_policy(open_to_some, GRANT).with_bucket(OURS)

    assert edited == a_policy(open_to_some, {**GRANT, "Resource": [SHARED, f"{SHARED}/*", *OURS]})


def test_T34_among_several_only_a_pattern_without_a_condition_counts() -> None:
    objects = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{SHARED}/*"}
    open_to_all = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    document = a_policy(GRANT, objects, open_to_all)

    assert document.with_bucket(OURS) == document
    with pytest.raises(Unfit, match="several statements"):
        a_policy(GRANT, objects, {**open_to_all, "Condition": {"Bool": {"a": "true"}}}).with_bucket(OURS)


def test_T34_a_dot_in_a_pattern_is_a_dot() -> None:
    document = a_policy({**GRANT, "Resource": ["arn:aws:s3:::s3.an2.*"]})

    assert document.with_bucket(OURS) != document


def test_conditions_are_kept() -> None:
    condition = {"StringEquals": {"aws:SourceVpce": "vpce-1"}}

    edited = a_policy({**GRANT, "Condition": condition}).with_bucket(OURS)

    assert edited.statements[0]["Condition"] == condition


def test_T35_what_stands_twice_stands_once_after_an_edit_and_others_are_kept() -> None:
    document = a_policy({**GRANT, "Resource": [OURS[0], SHARED, OURS[0], SHARED]})

    assert resources(document.with_bucket(OURS)) == [OURS[0], SHARED, SHARED, OURS[1]]
    assert resources(document.without_bucket(OURS)) == [SHARED, SHARED]


def test_T35_adding_again_adds_nothing() -> None:
    once = a_policy(GRANT).with_bucket(OURS)

    assert once.with_bucket(OURS) == once


@pytest.mark.parametrize("half", OURS)
def test_T36_half_of_it_is_completed(half: str) -> None:
    edited = a_policy({**GRANT, "Resource": [half, SHARED]}).with_bucket(OURS)

    assert sorted(resources(edited)) == sorted([*OURS, SHARED])


def test_T36_both_forms_go_from_every_statement_that_allows() -> None:
    more = {"Effect": "Allow", "Action": "kms:*", "Resource": [SHARED, OURS[1]]}
    only_denied = {**DENY, "Resource": [*OURS]}
    left_out = {"Effect": "Allow", "Action": "s3:*", "NotResource": [*OURS]}
    all_but = {"Effect": "Allow", "NotAction": "iam:*", "Resource": [*OURS]}
    document = a_policy({**GRANT, "Resource": [*OURS, SHARED]}, only_denied, more, left_out, all_but)

    edited = document.without_bucket(OURS)

    assert edited == a_policy(
        {**GRANT, "Resource": [SHARED]}, only_denied, {**more, "Resource": [SHARED]}, left_out, all_but
    )


def test_a_neighbour_with_a_longer_name_is_not_ours() -> None:
    neighbour = a_workspace("alphabet").bucket_arns
    document = a_policy(GRANT).with_bucket(neighbour)

    assert document.without_bucket(OURS) == document
    assert resources(document.with_bucket(OURS)) == [SHARED, f"{SHARED}/*", *neighbour, *OURS]


@pytest.mark.parametrize("resource", [[*OURS], [OURS[0]], OURS[0]], ids=str)
def test_T41_the_last_resource_is_not_removed(resource: Any) -> None:
    document = a_policy(LOOK, {**GRANT, "Resource": resource})

    with pytest.raises(Unfit, match=r"statement 2 \(Buckets\) lists no other resources") as refused:
        document.without_bucket(OURS)

    assert "list another bucket there" in str(refused.value.hint)


# Texts


def test_T40_white_space_is_not_counted() -> None:
    document = a_policy(GRANT)

    assert document.size == len("".join(document.text.split()))
    assert document.with_bucket(OURS).size == document.size + sum(len(arn) + 3 for arn in OURS)


def test_T40_what_iam_does_not_take_is_counted_as_it_is_spelled() -> None:
    tagged = {"StringEquals": {"aws:PrincipalTag/team": "팀"}}

    assert a_policy({**GRANT, "Condition": tagged}).text.count("\\ud300") == 1
    assert (
        a_policy({**GRANT, "Condition": tagged}).size
        == a_policy({**GRANT, "Condition": {"StringEquals": {"aws:PrincipalTag/team": "é"}}}).size + 5
    )


@pytest.mark.parametrize("spelled", [json.dumps, lambda value: quote(json.dumps(value)), lambda value: value])
def test_a_document_is_read_in_each_form_it_comes_in(spelled: Any) -> None:
    content = {"Version": "2012-10-17", "Statement": [{**GRANT, "Resource": [f"{SHARED}/100%25/*"]}]}

    assert read(spelled(content)).content == content


@pytest.mark.parametrize(
    "odd",
    [
        "",
        "{",
        "[]",
        "null",
        {},
        {"Statement": []},
        {"Statement": "all"},
        {"Statement": [GRANT, "all"]},
        {"Statement": {**GRANT, "Effect": "allow"}},
        {"Statement": {**GRANT, "Resource": [7]}},
        {"Statement": {**GRANT, "Action": {"s3": "*"}}},
    ],
    ids=str,
)
def test_what_is_no_policy_is_not_read(odd: Any) -> None:
    with pytest.raises(Unfit, match="it isn't a policy document"):
        read(odd)
