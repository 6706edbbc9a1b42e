"""The recipes run by the programs that they are for, as far as Debian has them, in a root of their own.

Ansible plays its playbook, Nagios and Icinga run their check and show its result, Docker Compose reads its file; each
asks a real mongod, and a port where nothing listens. systemd and Kubernetes' schemas judge their files in the tests,
where kubectl runs them too. The others have no engine here: Debian has no Helm, and the runners of GitHub and Windows
are theirs.
"""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import clean_roots

from clearline.core.snippets.elsewhere import elsewhere

ROOT = Path(__file__).resolve().parent.parent
RECIPES = ROOT / "packaging" / "recipes"
BASE = ("bookworm", ("python3", "ansible-core", "nagios4-core", "icinga2-bin", "docker-compose"))
"""The release and the packages of the engines."""
PATIENCE_S = 40
"""How long a monitor may take until it shows a result."""

HOSTS = """
[application]
here mongodb_uri=mongodb://{good}/
there mongodb_uri=mongodb://{bad}/
[application:vars]
ansible_connection=local
ansible_python_interpreter=/usr/bin/python3
"""
NAGIOS = """
log_file=/work/nagios.log
cfg_file=/work/objects.cfg
cfg_file=/work/nagios.cfg
resource_file=/work/resource.cfg
object_cache_file=/work/objects.cache
status_file=/work/status.dat
lock_file=/work/nagios.lock
temp_file=/work/nagios.tmp
temp_path=/tmp
check_result_path=/work/results
state_retention_file=/work/retention.dat
check_external_commands=0
interval_length=1
status_update_interval=1
illegal_macro_output_chars=`
"""
NAGIOS_OBJECTS = """
define timeperiod {
 timeperiod_name always
 alias always
 monday 00:00-24:00
 tuesday 00:00-24:00
 wednesday 00:00-24:00
 thursday 00:00-24:00
 friday 00:00-24:00
 saturday 00:00-24:00
 sunday 00:00-24:00
}
define command {
 command_name alive
 command_line true
}
define contact {
 contact_name someone
 host_notifications_enabled 0
 service_notifications_enabled 0
 host_notification_period always
 service_notification_period always
 host_notification_commands alive
 service_notification_commands alive
}
define host {
 host_name db1
 address 127.0.0.1
 check_command alive
 max_check_attempts 1
 contacts someone
 check_period always
 notification_period always
}
define service {
 name generic-service
 register 0
 max_check_attempts 1
 check_interval 5
 retry_interval 5
 contacts someone
 check_period always
 notification_period always
}
"""
ICINGA = """
const NodeName = "monitor"
include "/usr/share/icinga2/include/itl"
library "checker"
library "perfdata"
object CheckerComponent "checker" { }
object PerfdataWriter "results" {
  service_perfdata_path = "/work/results.txt"
  service_temp_path = "/work/results.now"
  rotation_interval = 1s
  service_format_template = "$host.name$ $service.state$ $service.output$"
}
template Service "at once" default { check_interval = 2s }
object CheckCommand "alive" { command = [ "true" ] }
object Host "good" { check_command = "alive"
  vars.mongodb_uri = "mongodb://{good}/" }
object Host "bad" { check_command = "alive"
  vars.mongodb_uri = "mongodb://{bad}/" }
include "/work/icinga2.conf"
"""


@dataclass(frozen=True)
class Engine:
    """One of them: the files beside the recipe, a script of sh, and what its output has to say."""

    recipe: str
    script: str
    says: tuple[str, ...]
    files: Mapping[str, str]
    """``{good}`` and ``{bad}`` in them stand for addresses."""


def _until(shown: str, *, else_print: str) -> str:
    """Shell words that wait until a command succeeds; what is printed where it does not."""
    return (
        f"left={PATIENCE_S}; until {shown}; do left=$((left - 1)); "
        f"[ $left -gt 0 ] || {{ {else_print}; exit 1; }}; sleep 1; done"
    )


def _nagios(server: str, says: str) -> Engine:
    watched = "grep -A40 '^servicestatus' status.dat 2>/dev/null | grep -m1 '^\tplugin_output=.'"
    script = (
        "mkdir -m 777 results; chmod 777 .; nagios4 -v main.cfg && { nagios4 main.cfg & }; "
        + _until(watched, else_print="cat nagios.log")
        + "; grep -A40 '^servicestatus' status.dat | grep '^\tperformance_data='"
    )
    resource = f"$USER5$=mongodb://{server}/\n"
    files = {"main.cfg": NAGIOS, "objects.cfg": NAGIOS_OBJECTS, "resource.cfg": resource}
    return Engine("nagios.cfg", script, ("Things look okay", says, "performance_data=time="), files)


def _from_the_window(server: str) -> Engine:
    """The command of *Run this check from…*, whose output is pasted into the window."""
    command = next(way.text for way in elsewhere(f"mongodb://{server}/?appName=it's") if way.key == "ansible")
    script = f"export HOME=/work ANSIBLE_INVENTORY=/work/hosts; {command.replace('HOST', 'here')}"
    return Engine("ansible-task.yml", script, (">>\n{", '"verdict": "connected"'), {"hosts": HOSTS})


ENGINES = (
    _from_the_window("{good}"),
    Engine(
        "ansible-task.yml",
        "HOME=/work ansible-playbook --inventory hosts ansible-task.yml",
        ("here", "there", "✖", "nothing listens", "failed=0"),
        {"hosts": HOSTS},
    ),
    _nagios("{good}", "plugin_output=OK: connected"),
    _nagios("{bad}", "plugin_output=CRITICAL: 127.0.0.1 answers, but nothing listens"),
    Engine(
        "icinga2.conf",
        "mkdir -p /run/icinga2; chown -R nagios . /run/icinga2; "
        "icinga2 daemon --validate --config main.conf && { icinga2 daemon --config main.conf >log & }; "
        + _until("grep -qs '^good' results.txt* && grep -qs '^bad' results.txt*", else_print="cat log")
        + "; cat results.txt*",
        ("good OK OK: connected", "bad CRITICAL CRITICAL: 127.0.0.1 answers, but nothing listens"),
        {"main.conf": ICINGA},
    ),
    Engine("compose.yaml", "docker-compose --file compose.yaml config", ("mongodb-health:", "service_completed"), {}),
)


def entering(root: Path, program: Path, work: Path, script: str) -> list[str]:
    """The command line that runs a script in the root, in the folder ``/work``, with the program on its PATH."""
    mounts = [
        "set -e",
        f"mount -t proc proc {shlex.quote(str(root / 'proc'))}",
        f"mount --rbind /dev {shlex.quote(str(root / 'dev'))}",
        f"mount -t tmpfs -o mode=1777 tmpfs {shlex.quote(str(root / 'tmp'))}",
        f"mkdir -p {shlex.quote(str(root / 'opt/clearline'))} {shlex.quote(str(root / 'work'))}",
        f"mount --bind {shlex.quote(str(program))} {shlex.quote(str(root / 'opt/clearline'))}",
        f"mount --bind {shlex.quote(str(work))} {shlex.quote(str(root / 'work'))}",
        'exec chroot "$@"',
    ]
    variables = ["PATH=/opt/clearline/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"]
    inner = [str(root), "/usr/bin/env", "-i", "--chdir=/work", *variables, "sh", "-c", script]
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", "\n".join(mounts), "sh", *inner]


def tried(program: Path, good: str, bad: str, work: Path, say: Callable[[str], None]) -> int:
    """Run every engine; how many went wrong. ``program`` is the environment that the Containerfile installs."""
    root = ROOT / ".cache" / "roots" / "engines"
    clean_roots.make(root, *BASE)
    failed = 0
    for number, engine in enumerate(ENGINES):
        folder = work / str(number)
        folder.mkdir(parents=True)
        files = {**engine.files, engine.recipe: (RECIPES / engine.recipe).read_text(encoding="utf-8")}
        for name, text in files.items():
            named = text.replace("{good}", good).replace("{bad}", bad)
            (folder / name).write_text(named, encoding="utf-8")
        began = time.perf_counter()
        ended = subprocess.run(
            entering(root, program, folder, engine.script.replace("{good}", good)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=3 * PATIENCE_S,
            check=False,
        )
        printed = ended.stdout.decode("utf-8", "replace")
        wrong = clean_roots.problems(clean_roots.Trial(engine.recipe, (), says=engine.says), ended.returncode, printed)
        failed += bool(wrong)
        say(f"{'FAIL' if wrong else 'ok':<5} {engine.recipe:<28} {time.perf_counter() - began:5.1f} s")
        if wrong:
            say(f"      {'; '.join(wrong)}\n{printed}")
    return failed
