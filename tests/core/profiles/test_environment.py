"""What a folder, a name or a host says about the environment."""

from __future__ import annotations

import pytest

from clearline.core.profiles.environment import Environment, environment_of
from clearline.core.profiles.profile import Profile, Seeds


@pytest.mark.parametrize(
    ("profile", "environment"),
    [
        (Profile(folder="Team/Production"), Environment.PRODUCTION),
        (Profile(name="orders_prod-eu"), Environment.PRODUCTION),
        (Profile(seeds=Seeds(hosts=("db1.prod.example.com:27017",))), Environment.PRODUCTION),
        (Profile(name="Orders staging"), Environment.STAGING),
        (Profile(name="non-prod"), Environment.STAGING),
        (Profile(name="pre-production"), Environment.STAGING),
        (Profile(name="copy of prod in staging"), Environment.PRODUCTION),
        (Profile(name="Products", seeds=Seeds(hosts=("product-db:27017",))), None),
        (Profile(), None),
    ],
)
def test_it_is_read_from_whole_words(profile: Profile, environment: Environment | None) -> None:
    assert environment_of(profile) is environment


def test_the_folder_counts_before_the_name() -> None:
    assert environment_of(Profile(folder="Staging", name="prod copy")) is Environment.STAGING
