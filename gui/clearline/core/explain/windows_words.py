"""Windows' own sentences for system errors, translated: what .NET Framework prints without a number.

The sentences are those of Winsock's FormatMessage. One telling piece of each is enough; most have a letter beyond ASCII
in it, so that a search in an English text costs nothing.
"""

from __future__ import annotations

from typing import Final

from clearline.core.explain.normalise import compact

_SENTENCES: Final = {
    "refused": (  # 10061
        "da der Zielcomputer die Verbindung verweigerte",
        "a expressément refusée",
        "denegó expresamente dicha conexión",
        "porque a máquina de destino as recusou ativamente",
        "Rifiuto persistente del computer di destinazione",
        "отверг запрос на подключение",
        "由于目标计算机积极拒绝",
        "因為目標電腦拒絕連線",
        "対象のコンピューターによって拒否されたため",
        "대상 컴퓨터에서 연결을 거부했으므로",
        "komputer docelowy aktywnie jej odmawia",
        "Hedef makine etkin olarak reddettiğinden",
    ),
    "silent": (  # 10060
        "da die Gegenstelle nach einer bestimmten Zeitspanne nicht richtig reagiert hat",
        "car le parti connecté n",
        "ya que la parte conectada no respondió adecuadamente",
        "porque o componente conectado não respondeu corretamente",
        "Risposta non corretta della parte connessa",
        "от другого компьютера за требуемое время не получен нужный отклик",
        "由于连接方在一段时间后没有正确答复",
        "接続済みの呼び出し先が一定の時間を過ぎても正しく応答しなかったため",
    ),
    "reset": (  # 10054
        "Eine vorhandene Verbindung wurde vom Remotehost geschlossen",
        "Une connexion existante a dû être fermée par",
        "la interrupción de una conexión existente por el host remoto",
        "Foi forçado o cancelamento de uma conexão existente pelo host remoto",
        "Удаленный хост принудительно разорвал существующее подключение",
        "远程主机强迫关闭了一个现有的连接",
        "既存の接続はリモート ホストに強制的に切断されました",
    ),
    "unknown-name": (  # 11001
        "Der angegebene Host ist unbekannt",
        "Es ist kein solcher Host bekannt",
        "Hôte inconnu",
        "Este host não é conhecido",
        "Этот хост неизвестен",
        "不知道这样的主机",
        "そのようなホストは不明です",
        "알려진 호스트가 없습니다",
        "Böyle bir ana bilgisayar bilinmiyor",
    ),
}
WINDOWS_WORDS: Final = {kind: tuple(map(compact, sentences)) for kind, sentences in _SENTENCES.items()}
"""By kind of system error, as `signs.SYSTEM` has them: pieces of the sentences in compact form."""
