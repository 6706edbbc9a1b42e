"""AWS credentials from the environment or the machine's role, fetched where they block nothing.

PyMongo asks ``pymongo-auth-aws`` for them inside the event loop, and that imports boto3 and asks the metadata services
of ECS and EC2 with blocking calls (pymongo/asynchronous/auth_aws.py). What was fetched ahead is in its cache.
"""

from __future__ import annotations

import os
from pathlib import Path

from clearline.core.files.whole_files import expanded
from clearline.core.options.packages import missing_for_mechanism
from clearline.core.profiles.profile import Profile

MECHANISM = "MONGODB-AWS"
_FILES = (("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"), ("AWS_CONFIG_FILE", "~/.aws/config"))
"""By the variable that names another (botocore.configprovider)."""


def is_meant(profile: Profile) -> bool:
    """Whether a login goes by what this computer offers."""
    return profile.auth.mechanism == MECHANISM and profile.auth.user is None


def files_of(profile: Profile) -> dict[str, str]:
    """The files that the library looks into for the login of a profile, by words for them."""
    if not is_meant(profile) or missing_for_mechanism(MECHANISM) is not None:
        return {}
    files = [str(expanded(os.environ.get(name) or usual)) for name, usual in _FILES]
    return {f"AWS's {Path(file).name}": file for file in files}


def fetch_credentials(profile: Profile) -> bool:
    """Have the library and the credentials of a profile ready; False when this computer has none to offer.

    A profile with a key of its own needs none, and for a missing library the driver speaks. Blocks, for a second or
    two where there is no metadata service: call it in a daemon thread.
    """
    if not is_meant(profile) or missing_for_mechanism(MECHANISM) is not None:
        return True
    from pymongo_auth_aws.auth import aws_temp_credentials, set_use_cached_credentials
    from pymongo_auth_aws.errors import PyMongoAuthAwsError

    set_use_cached_credentials(True)
    try:
        aws_temp_credentials()
    except PyMongoAuthAwsError:
        return False
    return True
