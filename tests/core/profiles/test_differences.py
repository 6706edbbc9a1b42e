from __future__ import annotations

from msgspec.structs import replace

from clearline.core.profiles.differences import differences
from clearline.core.profiles.profile import Pool, Profile, Tls, Unread
from clearline.core.secrets.redaction import MASK

BASE = Profile(id="p")


def test_numbers_stay_numbers_and_switches_are_words() -> None:
    after = replace(BASE, pool=Pool(max_connecting=1, min_pool_size=0), tls=Tls(enabled=True, insecure=False))
    assert differences(BASE, after) == [
        ("pool.maxConnecting", "not set", "1"),
        ("pool.minPoolSize", "not set", "0"),
        ("tls.enabled", "not set", "yes"),
        ("tls.insecure", "not set", "no"),
    ]


def test_what_looks_like_a_secret_is_masked() -> None:
    after = replace(BASE, unread=(Unread(name="token", value=None), Unread(name="x", value="1")))
    [(place, before, shown)] = differences(BASE, after)
    assert (place, before) == ("not understood", "not set")
    assert shown == f"token={MASK}, x=1"


def test_equal_profiles_differ_in_nothing() -> None:
    assert differences(BASE, replace(BASE)) == []
