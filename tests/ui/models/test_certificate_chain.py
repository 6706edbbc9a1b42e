from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QApplication

from clearline.core.facts.computer import CertificateFacts
from clearline.core.facts.servers import Reach
from clearline.core.inspection.server_certificates import Presented, PresentedChain, Trust, TrustedBy
from clearline.ui.models.certificate_chain import CertificateChainModel


def certificate(name: str | None, issuer: Any, days: Any = 400.0) -> Any:
    facts = CertificateFacts(
        subject=f"CN={name}",
        issuer=f"CN={issuer}",
        common_name=name,
        self_signed=name == issuer,
        not_after="2030-01-01T00:00:00+00:00",
        days_left=days,
    )
    return Presented(facts=facts, sha256="AA:BB", pem="")


def chain(*certificates: Any, **changes: Any) -> Any:
    return PresentedChain(
        host="db", port=1, server_name="db", reach=Reach.OK, certificates=certificates, name_matches=True, **changes
    )


def test_a_chain_of_any_length_is_a_sound_model(qtmodeltester: Any, qapp: QApplication) -> None:
    model = CertificateChainModel()
    qtmodeltester.check(model)
    root = certificate("Root", "Root")
    trust = (
        Trust(source=TrustedBy.DRIVER, reach=Reach.OK, root=root),
        Trust(source=TrustedBy.BUNDLED, reach=Reach.VERIFY_FAILED, verify_code=20),
    )
    model.show(chain(certificate("db", "Mid"), certificate("Mid", "Root"), root, trust=trust), TrustedBy.DRIVER)
    qtmodeltester.check(model)
    model.show(None, TrustedBy.DRIVER)
    qtmodeltester.check(model)
    assert model.rowCount() == 0


def test_who_trusts_stands_below_the_last_certificate(qapp: QApplication) -> None:
    model = CertificateChainModel()
    trust = (Trust(source=TrustedBy.FILE, reach=Reach.VERIFY_FAILED, verify_code=18),)
    model.show(chain(certificate("db", "db"), trust=trust), TrustedBy.FILE)
    leaf = model.index(0, 0, QModelIndex())
    below = model.index(0, 0, leaf)
    assert below.data() == "The CA file, as this profile has it"
    assert "signed its certificate itself" in model.index(0, 1, leaf).data()
    assert model.parent(below) == leaf


def test_the_fingerprint_is_in_the_tip_and_the_validity_in_the_words(qapp: QApplication) -> None:
    model = CertificateChainModel()
    model.show(chain(certificate("db", "CA", days=-2.5)), TrustedBy.DRIVER)
    leaf = model.index(0, 0, QModelIndex())
    assert "SHA-256: AA:BB" in leaf.data(Qt.ItemDataRole.ToolTipRole)
    assert "expired on 2030-01-01, 2 days ago" in leaf.data(Qt.ItemDataRole.AccessibleTextRole)
