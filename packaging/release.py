#!/usr/bin/env python3
"""What a release says about its files: sums, notes, and the manifests for winget, Homebrew and Flathub.

    python3 packaging/release.py FOLDER VERSION URL

``FOLDER`` holds the files to publish, ``URL`` is where they will be found. SHA256SUMS goes beside them, notes.md and
the manifests into FOLDER/manifests. Standard library only.
"""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

PUBLISHED = re.compile(r"\.(tar\.xz|zip|deb|cdx\.json|pyz)$")


def sums(folder: Path) -> dict[str, str]:
    """SHA-256 of every file that is published, by its name, sorted."""
    files = sorted(path for path in folder.iterdir() if PUBLISHED.search(path.name))
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def notes(changelog: str, version: str) -> str:
    """What the changelog says of a version, or of the coming one where that has no heading yet. Raises `ValueError`."""
    for heading in (re.escape(version), "Unreleased"):
        if found := re.search(rf"^## \[{heading}\][^\n]*\n(.*?)(?=^## \[|\Z)", changelog, re.MULTILINE | re.DOTALL):
            return found[1].strip() + "\n"
    raise ValueError(f"the changelog has nothing about {version}")


def _one(found: dict[str, str], pattern: str) -> tuple[str, str]:
    matches = [(name, digest) for name, digest in found.items() if re.search(pattern, name)]
    if len(matches) != 1:
        raise ValueError(f"{len(matches)} files match {pattern}, not one")
    return matches[0]


def winget(found: dict[str, str], version: str, url: str) -> dict[str, str]:
    """The three files of a winget manifest (schema 1.6), by name: a portable program in a zip."""
    name, digest = _one(found, r"windows-x86_64\.zip$")
    head = f"PackageIdentifier: Clearline.Clearline\nPackageVersion: {version}\n"
    foot = "ManifestVersion: 1.6.0\n"
    installer = (
        f"{head}InstallerType: zip\nNestedInstallerType: portable\nNestedInstallerFiles:\n"
        "- RelativeFilePath: clearline\\clearline.exe\n  PortableCommandAlias: clearline\n"
        "- RelativeFilePath: clearline\\clearline-window.exe\n  PortableCommandAlias: clearline-window\n"
        f"Installers:\n- Architecture: x64\n  InstallerUrl: {url}/{name}\n  InstallerSha256: {digest.upper()}\n"
        f"ManifestType: installer\n{foot}"
    )
    locale = (
        f"{head}PackageLocale: en-US\nPublisher: Clearline\nPackageName: Clearline\nLicense: MIT\n"
        "ShortDescription: Tests MongoDB connections and says what is wrong with them\n"
        f"ManifestType: defaultLocale\n{foot}"
    )
    main = f"{head}DefaultLocale: en-US\nManifestType: version\n{foot}"
    return {
        "winget/Clearline.Clearline.yaml": main,
        "winget/Clearline.Clearline.installer.yaml": installer,
        "winget/Clearline.Clearline.locale.en-US.yaml": locale,
    }


def homebrew(found: dict[str, str], version: str, url: str) -> dict[str, str]:
    """A Homebrew cask of the app, for both kinds of Mac."""
    (arm_name, arm), (_, intel) = _one(found, r"macos-arm64\.zip$"), _one(found, r"macos-x86_64\.zip$")
    place = f"{url}/{arm_name.replace('arm64', '#{arch}').replace(version, '#{version}')}".replace(
        version, "#{version}"
    )
    text = (
        'cask "clearline" do\n  arch arm: "arm64", intel: "x86_64"\n\n'
        f'  version "{version}"\n  sha256 arm:   "{arm}",\n         intel: "{intel}"\n\n'
        f'  url "{place}"\n  name "Clearline"\n'
        '  desc "Tests MongoDB connections and says what is wrong with them"\n\n'
        '  depends_on macos: ">= :ventura"\n\n  app "Clearline.app"\n'
        '  binary "#{appdir}/Clearline.app/Contents/MacOS/clearline"\n\n'
        '  zap trash: "~/Library/Application Support/Clearline"\nend\n'
    )
    return {"homebrew/clearline.rb": text}


def flathub(found: dict[str, str], version: str, url: str) -> dict[str, str]:
    """A Flatpak manifest that unpacks the Linux archive. Keyring and network go through the sandbox's permissions."""
    name, digest = _one(found, r"linux-x86_64\.tar\.xz$")
    text = (
        "id: org.clearline.Clearline\nruntime: org.freedesktop.Platform\nruntime-version: '24.08'\n"
        "sdk: org.freedesktop.Sdk\ncommand: clearline\nfinish-args:\n"
        "  - --share=network\n  - --share=ipc\n  - --socket=wayland\n  - --socket=fallback-x11\n"
        "  - --talk-name=org.freedesktop.secrets\n"
        "modules:\n  - name: clearline\n    buildsystem: simple\n    build-commands:\n"
        "      - mkdir -p /app/lib /app/bin\n      - cp -r . /app/lib/clearline\n"
        "      - ln -s /app/lib/clearline/clearline /app/bin/clearline\n"
        f"    sources:\n      - type: archive\n        only-arches: [x86_64]\n        url: {url}/{name}\n"
        f"        sha256: {digest}\n"
    )
    return {"flathub/org.clearline.Clearline.yaml": text}


def main(folder: Path, version: str, url: str) -> None:
    """Write everything. Raises `ValueError` when a file that a manifest names is not there."""
    found = sums(folder)
    (folder / "SHA256SUMS").write_text("".join(f"{digest}  {name}\n" for name, digest in found.items()), "utf-8")
    changelog = (Path(__file__).resolve().parent.parent / "CHANGELOG.md").read_text("utf-8")
    manifests = {"notes.md": notes(changelog, version)}
    for make in (winget, homebrew, flathub):
        manifests |= make(found, version, url)
    for name, text in manifests.items():
        place = folder / "manifests" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2].removeprefix("v"), sys.argv[3])
