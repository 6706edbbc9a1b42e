"""The words and values that the Authentication page offers."""

from __future__ import annotations

from typing import Final

from clearline.core.options.catalogue import CANONICALIZE_CHOICES
from clearline.core.profiles.login_fields import NONE, SERVICE_HOST, SERVICE_NAME, SERVICE_REALM, TOKEN_RESOURCE

MECHANISMS: Final = (
    ("none: no login", NONE),
    ("default: agreed with the server", None),
    ("SCRAM-SHA-256", "SCRAM-SHA-256"),
    ("SCRAM-SHA-1", "SCRAM-SHA-1"),
    ("X.509 certificate", "MONGODB-X509"),
    ("AWS IAM", "MONGODB-AWS"),
    ("LDAP (PLAIN)", "PLAIN"),
    ("Kerberos (GSSAPI)", "GSSAPI"),
    ("OpenID Connect", "MONGODB-OIDC"),
)
AWS: Final = (
    ("an access key", "key"),
    ("environment variables", "environment"),
    ("this machine's role: EKS, ECS, EC2", "role"),
)
OIDC: Final = (
    ("a person, in the browser", None),
    ("Azure managed identity", "azure"),
    ("Google Cloud service account", "gcp"),
    ("Kubernetes service account", "k8s"),
    ("test: a token file", "test"),
)
CANONICALIZED: Final = (("default (no)", None), *((choice, choice) for choice in CANONICALIZE_CHOICES))
PROPERTIES: Final = (
    (SERVICE_NAME, "Service name", "default: mongodb"),
    (SERVICE_REALM, "Service realm", "default: the principal's"),
    (SERVICE_HOST, "Service host", "default: the server's name"),
    (TOKEN_RESOURCE, "Token resource", "the audience of the token"),
)
