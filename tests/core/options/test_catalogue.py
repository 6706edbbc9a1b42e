"""The option catalogue agrees with PyMongo: names, values, defaults."""

from __future__ import annotations

import warnings
from typing import Any

import msgspec
import pytest
from pymongo import common
from pymongo.auth_shared import MECHANISMS as PYMONGO_MECHANISMS
from pymongo.errors import ConfigurationError

from clearline.core.findings import Severity
from clearline.core.options.catalogue import (
    AUTH_PROPERTIES,
    DATETIME_CONVERSIONS,
    MECHANISMS,
    OPTIONS,
    READ_PREFERENCES,
    UUID_REPRESENTATIONS,
    Option,
    OptionType,
    known_names,
    lookup,
    option,
)
from clearline.core.options.names import closest_name, distance, foreign_name
from clearline.core.options.values import ValueProblem, parse_value
from clearline.core.profiles.profile import Profile

VALUES = [
    *("", "true", "false", "True", "yes", "0", "1", "-1", "+3", "007", "5", " 5", "5 ", "5s", "1_000", "2.5", "1e3"),
    *("-0.5", "nan", "inf", "999999999", "1e9", "1000000000", "499", "500", "89", "90", "ten", "٣", "²", "None"),
    *(
        "majority",
        "primary",
        "secondaryPreferred",
        "SECONDARY",
        "auto",
        "push",
        "strict",
        "zlib",
        "zstd,snappy",
        "zlib,foo",
    ),
    *("standard", "csharpLegacy", "uuid", "DATETIME", "AUTO", "9", "SCRAM-SHA-256", "MONGODB-CR", "x" * 128, "é" * 65),
]
NEEDS_A_FILE = {OptionType.FILE}
BY_OTHER_RULES = {"heartbeatFrequencyMS", "readConcernLevel"}
"""PyMongo's validator takes more than the client or the server does."""


def test_every_option_of_pymongo_is_in_the_catalogue_and_no_other() -> None:
    assert {name.lower() for name in known_names()} == set(common.URI_OPTIONS_VALIDATOR_MAP)


def test_aliases_are_pymongos() -> None:
    ours = {o.name.lower(): list(o.aliases) for o in OPTIONS if o.aliases}
    assert ours == common.URI_OPTIONS_ALIAS_MAP


def test_names_are_spelt_as_pymongo_documents_them() -> None:
    from pymongo.uri_parser_shared import URI_OPTIONS

    documented = {name.lower(): name for name in URI_OPTIONS} | {"appname": "appName"}
    assert [
        (o.name, documented[o.name.lower()]) for o in OPTIONS if documented.get(o.name.lower(), o.name) != o.name
    ] == []


def test_no_name_is_there_twice() -> None:
    assert len({name.lower() for name in known_names()}) == len(known_names())


def test_pymongo_only_options_are_those_outside_the_specification() -> None:
    ours = {o.name.lower() for o in OPTIONS if o.pymongo_only}
    # minPoolSize and waitQueueTimeoutMS are in the specification although PyMongo files them with its own.
    assert ours == set(common.NONSPEC_OPTIONS_VALIDATOR_MAP) - {"minpoolsize", "waitqueuetimeoutms"}


def test_choices_are_pymongos() -> None:
    from bson.codec_options import DatetimeConversion
    from pymongo.read_preferences import _MONGOS_MODES

    assert set(MECHANISMS) == PYMONGO_MECHANISMS
    assert READ_PREFERENCES == _MONGOS_MODES
    assert set(UUID_REPRESENTATIONS) == set(common._UUID_REPRESENTATIONS)
    assert set(DATETIME_CONVERSIONS) == {member.name for member in DatetimeConversion}
    assert {key for keys in AUTH_PROPERTIES.values() for key in keys} == common._MECHANISM_PROPS


def test_every_option_has_its_place_in_the_profile_and_none_is_shared() -> None:
    empty = Profile()
    places = [o.field for o in OPTIONS if o.field is not None]
    assert len(set(places)) == len(places)
    for section, attribute in places:
        assert hasattr(getattr(empty, section), attribute)


def test_every_place_of_the_profile_is_named_as_its_option_is() -> None:
    sections = ("pool", "timeouts", "reads", "writes", "options")
    for o in OPTIONS:
        if o.field is not None and o.field[0] in sections:
            fields = msgspec.structs.fields(type(getattr(Profile(), o.field[0])))
            assert {f.name: f.encode_name for f in fields}[o.field[1]] == o.name


def test_only_secrets_have_no_place_in_the_profile() -> None:
    assert [o.name for o in OPTIONS if o.field is None] == ["tlsCertificateKeyFilePassword"]
    assert all(o.secret == (o.field is None) for o in OPTIONS)


def test_every_option_says_what_it_is_for_and_where_to_read_on() -> None:
    for o in OPTIONS:
        assert o.help.endswith(".")
        assert o.docs.startswith("https://")
        assert o.default


def test_names_are_found_in_any_letter_case() -> None:
    assert lookup("REPLICASET") is option("replicaSet")
    assert lookup("ssl") is option("tls")
    assert lookup("replica_set") is None


def pymongos(o: Option, raw: str) -> Any:
    """What PyMongo makes of a value: itself, "dropped" or "refused"."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            validated = common.get_validated_options(common._CaseInsensitiveDictionary({o.name: raw}), warn=True)
        except (KeyError, ValueError, TypeError, ConfigurationError):
            return "refused"
    return validated.get(o.name, "dropped")


@pytest.mark.parametrize("o", [o for o in OPTIONS if o.type not in NEEDS_A_FILE], ids=lambda o: o.name)
def test_values_are_taken_dropped_and_refused_as_pymongo_does(o: Option) -> None:
    assert [raw for raw in VALUES if not judged_alike(o, raw)] == []


def judged_alike(o: Option, raw: str) -> bool:
    theirs = pymongos(o, raw)
    ours = parse_value(o, raw)
    problem = ours if isinstance(ours, ValueProblem) else None
    value = problem.value if problem else ours
    if isinstance(theirs, str) and theirs == "dropped":
        return problem is not None and value is None and problem.severity is Severity.WARNING
    if isinstance(theirs, str) and theirs == "refused":
        return problem is not None and problem.severity is Severity.FAILURE
    if o.name in BY_OTHER_RULES and problem is not None:
        return problem.cause == "uri.bad-value"
    return agree(o, value, theirs)


def agree(o: Option, ours: Any, theirs: Any) -> bool:
    if o.type is OptionType.NUMBER:
        # PyMongo holds seconds, and None for "no limit".
        return bool(ours == pytest.approx((theirs or 0) * (1 if o.name == "localThresholdMS" else 1000)))
    if o.name == "uuidRepresentation":
        return bool(common._UUID_REPRESENTATIONS[ours] == theirs)
    if o.name == "datetime_conversion":
        return bool(common.validate_datetime_conversion(o.name, ours) == theirs)
    return bool((list(ours) if isinstance(ours, tuple) else ours) == theirs)


@pytest.mark.parametrize(
    "raw",
    [
        "SERVICE_NAME:x",
        "SERVICE_NAME:x,SERVICE_REALM:y",
        "CANONICALIZE_HOST_NAME:true",
        "CANONICALIZE_HOST_NAME:maybe",
        "CANONICALIZE_HOST_NAME",
        "FOO:bar",
        "FOO:bar,CANONICALIZE_HOST_NAME:maybe",
        "CANONICALIZE_HOST_NAME:maybe,FOO:bar",
        "service_name:x",
        "SERVICE_NAME:a%3Ab",
        "TOKEN_RESOURCE:api%3A%2F%2Fx",
        "AWS_SESSION_TOKEN:abc%3D",
        "AWS_SESSION_TOKENabc",
        "SERVICE_NAME:x,",
    ],
)
def test_properties_are_taken_dropped_and_refused_as_pymongo_does(raw: str) -> None:
    o = option("authMechanismProperties")
    theirs = pymongos(o, raw)
    ours = parse_value(o, raw)
    if isinstance(ours, ValueProblem):
        assert theirs == ("refused" if ours.severity is Severity.FAILURE else "dropped")
    else:
        assert {k: str(v).lower() for k, v in ours.items()} == {k: str(v).lower() for k, v in theirs.items()}


def test_a_token_whose_colon_is_missing_is_not_named() -> None:
    problem = parse_value(option("authMechanismProperties"), "AWS_SESSION_TOKENhunter2:x")
    assert isinstance(problem, ValueProblem)
    assert "hunter2" not in repr(problem)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("replicSet", "replicaSet"),
        ("maxPoolsSize", "maxPoolSize"),
        ("max_pool_size", "maxPoolSize"),
        ("connectTimeout", "connectTimeoutMS"),
        ("tsl", "tls"),
        ("sll", "ssl"),
        ("readPrefrence", "readPreference"),
        ("foo", None),
        ("x", None),
        ("useUnifiedTopology", None),
        ("x" * 10_000, None),
    ],
)
def test_the_option_that_was_probably_meant(typed: str, meant: str | None) -> None:
    assert closest_name(typed) == meant


def test_swapped_neighbours_are_one_slip() -> None:
    assert distance("authsoruce", "authsource") == 1
    assert distance("abc", "") == 3
    assert distance("", "") == 0


def test_every_translated_name_is_an_option_of_pymongo_and_no_translated_name_is_one() -> None:
    from clearline.core.options import names

    for name, ours in names._FOREIGN.items():
        assert lookup(name) is None, name
        assert ours is None or option(ours).name == ours
        assert foreign_name(name.upper()) == (True, ours)
