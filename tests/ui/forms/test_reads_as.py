"""How the reserved line says that a connection string was understood."""

from __future__ import annotations

import pytest

from clearline.core.profiles.hop import Hop, HttpProxy, KubernetesForward, Socks5Proxy, SshServer, SystemProxy
from clearline.core.profiles.profile import Auth, Profile, Seeds
from clearline.ui.forms.reads_as import reads_as

ONE = Profile(seeds=Seeds(hosts=("db1:27017",)), auth=Auth(user="app"))


@pytest.mark.parametrize(
    ("hops", "way"),
    [
        ((), ""),
        ((SshServer(host="bastion"),), ", through SSH bastion"),
        ((HttpProxy(host="proxy"), SshServer(host="bastion")), ", through HTTP proxy proxy, then SSH bastion"),
        ((Socks5Proxy(host="10.0.0.1"),), ", through SOCKS5 10.0.0.1"),
        ((SystemProxy(),), ", through this computer's proxy"),
        ((KubernetesForward(context="prod"),), ", through Kubernetes prod"),
    ],
)
def test_the_way_is_told(hops: tuple[Hop, ...], way: str) -> None:
    assert reads_as(Profile(seeds=ONE.seeds, auth=ONE.auth, hops=hops)) == f"One server, user app, no TLS{way}"


def test_nothing_is_said_of_nothing() -> None:
    assert reads_as(Profile(hops=(SshServer(host="bastion"),))) == ""


def test_a_long_name_leaves_room_for_the_rest() -> None:
    for profile in (
        Profile(seeds=Seeds(hosts=("db1",), replica_set="r" * 200), auth=Auth(user="u" * 200)),
        Profile(seeds=Seeds(srv=True, hosts=("h" * 200,))),
    ):
        said = reads_as(profile)
        assert len(said) < 140
        assert said.endswith("TLS")
