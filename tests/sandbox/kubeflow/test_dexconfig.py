"""dex's file is read and refused as dex does it."""

import base64

import pytest

from sandbox.kubeflow.dexconfig import Broken, read
from sandbox.kubeflow.seed import CLIENT_ID, CLIENT_SECRET, DEX_CONFIG

ENVIRONMENT = {"OIDC_CLIENT_ID": CLIENT_ID, "OIDC_CLIENT_SECRET": CLIENT_SECRET}
HASH = "$2a$10$JxGwjfERsb3tbCraq6i9aefnwC4YTz/C7WScjp0va91/XmTGjZeIW"
UNMARSHAL = "error unmarshalling config file /etc/dex/cfg/config.yaml: "
PARSE = "error parse config file /etc/dex/cfg/config.yaml: yaml: "
INVALID = "invalid Config:\n\t-\t"


def test_the_seeded_file_is_read_as_it_stands() -> None:
    config = read(DEX_CONFIG, ENVIRONMENT)

    assert config.issuer == "http://dex.auth.svc.cluster.local:5556/dex"
    assert config.password_connector == "local"
    assert config.clients == {CLIENT_ID: CLIENT_SECRET}
    assert {each.email: each.user_id for each in config.accounts.values()} == {
        "user@example.com": "15841185641784",
        "aic-user-legacy-ws@aic.com": '"20240102030405"',
    }


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (f"  hash: {HASH}\n", "", UNMARSHAL + "no password hash provided"),
        (
            HASH,
            "$2a$10$short",
            UNMARSHAL
            + "malformed bcrypt hash: crypto/bcrypt: hashedSecret too short to be a bcrypted password",
        ),
        (
            HASH,
            "x" + HASH,
            UNMARSHAL + "malformed bcrypt hash: crypto/bcrypt: bcrypt hashes must start with '$', "
            "but hashedSecret started with 'x'",
        ),
        (
            HASH,
            HASH.replace("$10$", "$99$"),
            UNMARSHAL
            + "malformed bcrypt hash: crypto/bcrypt: cost 99 is outside allowed inclusive range 4..31",
        ),
        (
            HASH,
            HASH.replace("$2a$", "$3a$"),
            UNMARSHAL + "malformed bcrypt hash: crypto/bcrypt: bcrypt algorithm version '3' requested "
            "is newer than current version '2'",
        ),
        (
            'userID: "15841185641784"',
            "userID: 15841185641784",
            UNMARSHAL + "json: cannot unmarshal number into Go struct field .userID of type string",
        ),
        (
            "issuer: http",
            "issuer:http",
            PARSE + "line 4: mapping values are not allowed in this context",
        ),
        (
            "issuer: http://dex.auth.svc.cluster.local:5556/dex\n",
            "",
            INVALID + "no issuer specified in config file",
        ),
        (
            "storage:\n  type: kubernetes\n  config:\n    inCluster: true\n",
            "",
            INVALID + "no storage supplied in config file",
        ),
        ("type: kubernetes", "type: paper", UNMARSHAL + 'unknown storage type "paper"'),
        (
            "enablePasswordDB: true",
            "enablePasswordDB: false",
            INVALID + "cannot specify static passwords without enabling password db",
        ),
        (
            "  name: 'Dex Login Application'\n",
            "",
            "invalid config: Name field is required for a client",
        ),
    ],
)
def test_what_dex_stops_at_is_said_in_its_words(old: str, new: str, words: str) -> None:
    assert old in DEX_CONFIG

    with pytest.raises(Broken) as error:
        read(DEX_CONFIG.replace(old, new), ENVIRONMENT)

    assert str(error.value) == words


def test_an_empty_file_lacks_all() -> None:
    with pytest.raises(Broken) as error:
        read("", ENVIRONMENT)

    assert str(error.value).splitlines()[1:] == [
        "\t-\tno issuer specified in config file",
        "\t-\tno storage supplied in config file",
        "\t-\tmust supply a HTTP/HTTPS  address to listen on",
    ]


def test_of_two_users_alike_the_last_wins() -> None:
    twice = DEX_CONFIG.replace(
        "staticClients:", f"- {{email: User@Example.com, hash: {HASH!r}, userID: second}}\nstaticClients:"
    )

    account = read(twice, ENVIRONMENT).accounts["user@example.com"]

    assert (account.user_id, account.email) == ("second", "User@Example.com")


def test_a_hash_may_be_wrapped_in_base64() -> None:
    wrapped = base64.b64encode(HASH.encode()).decode()

    assert (
        read(DEX_CONFIG.replace(HASH, wrapped), ENVIRONMENT).accounts["user@example.com"].hash
        == HASH.encode()
    )


def test_a_date_for_a_user_id_stays_text() -> None:
    dated = DEX_CONFIG.replace('userID: "15841185641784"', "userID: 2024-01-02")

    assert read(dated, ENVIRONMENT).accounts["user@example.com"].user_id == "2024-01-02"


def test_hashes_and_secrets_stand_in_no_repr() -> None:
    shown = repr(read(DEX_CONFIG, ENVIRONMENT))

    assert HASH not in shown
    assert CLIENT_SECRET not in shown
