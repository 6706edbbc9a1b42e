"""A stand-in for the API server of Kubernetes: what kubectl asks for, and pods whose containers are processes here.

A container's image is not looked at: its command runs as it stands, with the container's variables, and secrets that
are given at the start. A pod has ended when it is told to exist, except the one that is there from the beginning
(``--running``), in which commands are executed over the SPDY streams of kubectl. Runs by any Python 3.11, alone:

    python3 api_server.py KUBECONFIG --running NAME --secret NAME/KEY=VALUE
"""

from __future__ import annotations

import argparse
import json
import os
import re
import struct
import subprocess
import threading
import zlib
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]

ENTRYPOINT = ("clearline",)
"""What an image without a command in its container runs, as packaging/Containerfile says."""
RESOURCES = {
    "v1": ("pods", "secrets", "pods/ephemeralcontainers", "pods/exec", "pods/log", "pods/attach"),
    "batch/v1": ("jobs", "cronjobs"),
    "apps/v1": ("deployments",),
}
KINDS = {"pods": "Pod", "secrets": "Secret", "jobs": "Job", "cronjobs": "CronJob", "deployments": "Deployment"}
OBJECT = re.compile(
    r"/(?:api|apis)/(?P<group>v1|\w+/v1)/namespaces/(?P<space>[\w-]+)/(?P<plural>\w+)"
    r"(?:/(?P<name>[\w.-]+)(?:/(?P<part>\w+))?)?"
)
KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "here",
    "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
    "users": [{"name": "me", "user": {}}],
}


class Cluster:
    """What there is, by plural, namespace and name; and what each container printed."""

    def __init__(self, secrets: Mapping[str, str], running: str) -> None:
        self.secrets = secrets
        """The values, by ``NAME/KEY``."""
        self.objects: dict[tuple[str, str], Json] = {}
        self.logs: dict[tuple[str, str], bytes] = {}
        self._made = 0
        container = {"name": "app", "image": "app"}
        pod = {"metadata": {"name": running}, "spec": {"containers": [container], "securityContext": {}}}
        self.keep("pods", pod)
        pod["status"] = {"phase": "Running", "containerStatuses": [{"name": "app", "state": {"running": {}}}]}

    def keep(self, plural: str, made: Json) -> Json:
        """Let it exist, under the next version."""
        self._made += 1
        made["metadata"].setdefault("uid", f"uid-{self._made}")
        made["metadata"]["resourceVersion"] = str(self._made)
        self.objects[plural, made["metadata"]["name"]] = made
        return made

    def create(self, plural: str, made: Json) -> Json:
        """Keep an object, and run the pod that it is or asks for."""
        self.keep(plural, made)
        name = made["metadata"]["name"]
        if plural == "pods":
            self.run(made)
        elif plural != "secrets":
            spec = made["spec"]
            if plural == "cronjobs":
                spec = spec["jobTemplate"]["spec"]  # at once: it is always five minutes past something
            labels = {**spec["template"].get("metadata", {}).get("labels", {}), "from": name}
            made["spec"]["selector"] = {"matchLabels": {"from": name}}
            self.create("pods", {"metadata": {"name": f"{name}-1", "labels": labels}, "spec": spec["template"]["spec"]})
        return made

    def run(self, pod: Json) -> None:
        """The containers of a pod, one after the other; those of `initContainers` first, up to one that fails."""
        spec, statuses, phase = pod["spec"], [], "Succeeded"
        for container in (*spec.get("initContainers", ()), *spec["containers"]):
            if phase == "Succeeded":
                statuses.append(self.ran(pod, container))
                phase = "Failed" if statuses[-1]["state"]["terminated"]["exitCode"] else "Succeeded"
        pod["status"] = {"phase": phase, "containerStatuses": statuses}
        self.keep("pods", pod)

    def debugged(self, pod: Json, containers: list[Json]) -> Json:
        """A pod with containers beside those that it has, which have run."""
        pod["spec"]["ephemeralContainers"] = containers
        pod["status"]["ephemeralContainerStatuses"] = [self.ran(pod, one) for one in containers]
        return self.keep("pods", pod)

    def ran(self, pod: Json, container: Json) -> Json:
        """The status of a container that has run."""
        words = [*(container.get("command") or ENTRYPOINT), *container.get("args", ())]
        ended = subprocess.run(words, capture_output=True, env=self.environment(container), check=False)
        self.logs[pod["metadata"]["name"], container["name"]] = ended.stderr + ended.stdout
        return {"name": container["name"], "state": {"terminated": {"exitCode": ended.returncode}}}

    def environment(self, container: Json) -> dict[str, str]:
        """The variables of a container, secrets looked up."""
        environ = {"PATH": os.environ["PATH"]}
        for one in container.get("env", ()):
            if "value" in one:
                environ[one["name"]] = one["value"]
            else:
                key = one["valueFrom"]["secretKeyRef"]
                environ[one["name"]] = self.secrets[f"{key['name']}/{key['key']}"]
        return environ


class Handler(BaseHTTPRequestHandler):
    """One connection of kubectl."""

    protocol_version = "HTTP/1.1"
    cluster: Cluster

    def do_GET(self) -> None:
        """Discovery, an object, a list of them, a watch, a log."""
        asked = urlsplit(self.path)
        wanted = {name: values[-1] for name, values in parse_qs(asked.query).items()}
        if asked.path == "/api":
            self.answer({"kind": "APIVersions", "versions": ["v1"]})
        elif asked.path == "/apis":
            groups = [_group(name) for name in RESOURCES if "/" in name]
            self.answer({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        elif (named := re.fullmatch(r"/(?:api|apis)/(v1|\w+/v1)", asked.path)) and named[1] in RESOURCES:
            resources = [
                {"name": name, "kind": KINDS[name.split("/")[0]], "namespaced": True, "verbs": ["create", "get"]}
                for name in RESOURCES[named[1]]
            ]
            self.answer({"kind": "APIResourceList", "groupVersion": named[1], "resources": resources})
        elif not (path := OBJECT.fullmatch(asked.path)):
            self.refuse(HTTPStatus.NOT_FOUND, asked.path)
        elif path["part"] == "log":
            container = wanted.get("container") or self.found(path)["spec"]["containers"][0]["name"]
            self.send(self.cluster.logs[path["name"], container], "text/plain")
        elif path["part"] == "ephemeralcontainers":
            self.answer(_ephemeral(_placed(self.found(path), path["space"])))
        elif path["name"]:
            found = self.cluster.objects.get((path["plural"], path["name"]))
            if found is None:
                self.refuse(HTTPStatus.NOT_FOUND, path["name"])
            else:
                self.answer(_placed(found, path["space"]))
        else:
            self.listed(path, wanted)

    def listed(self, path: re.Match[str], wanted: Mapping[str, str]) -> None:
        """Those that a selector chooses; for a watch as they are now, and nothing more."""
        name = wanted.get("fieldSelector", "").removeprefix("metadata.name=")
        label = wanted.get("labelSelector", "").removeprefix("from=")
        items = [
            _placed(one, path["space"])
            for (plural, _), one in self.cluster.objects.items()
            if plural == path["plural"]
            and (not name or one["metadata"]["name"] == name)
            and (not label or one["metadata"].get("labels", {}).get("from") == label)
        ]
        if wanted.get("watch") in ("1", "true"):
            lines = [json.dumps({"type": "MODIFIED", "object": one}) for one in items]
            self.send("\n".join([*lines, ""]).encode(), "application/json")
        else:
            kind = KINDS[path["plural"]]
            self.answer({"kind": f"{kind}List", "apiVersion": path["group"], "metadata": {}, "items": items})

    def do_POST(self) -> None:
        """Something new, or a command in a pod."""
        path = OBJECT.fullmatch(urlsplit(self.path).path)
        if path is not None and path["part"] == "exec":
            self.execute(parse_qs(urlsplit(self.path).query)["command"])
        elif path is None:
            self.refuse(HTTPStatus.NOT_FOUND, self.path)
        else:
            made = self.cluster.create(path["plural"], self.read())
            self.answer(_placed(made, path["space"]), HTTPStatus.CREATED)

    def do_PUT(self) -> None:
        """The ephemeral containers of a pod: the new one runs."""
        path = OBJECT.fullmatch(urlsplit(self.path).path)
        if path is None or path["part"] != "ephemeralcontainers":
            self.refuse(HTTPStatus.NOT_FOUND, self.path)
            return
        pod = self.cluster.debugged(self.found(path), self.read()["ephemeralContainers"])
        self.answer(_ephemeral(_placed(pod, path["space"])))

    def do_PATCH(self) -> None:
        """The same, as kubectl asks from 1.22 on."""
        path = OBJECT.fullmatch(urlsplit(self.path).path)
        if path is None or path["part"] != "ephemeralcontainers":
            self.refuse(HTTPStatus.NOT_FOUND, self.path)
            return
        pod = self.cluster.debugged(self.found(path), self.read()["spec"]["ephemeralContainers"])
        self.answer(_placed(pod, path["space"]))

    def do_DELETE(self) -> None:
        """What kubectl run --rm takes away again."""
        self.read()
        if path := OBJECT.fullmatch(urlsplit(self.path).path):
            self.answer(self.cluster.objects.pop((path["plural"], path["name"])))
        else:
            self.refuse(HTTPStatus.NOT_FOUND, self.path)

    def found(self, path: re.Match[str]) -> Json:
        """The object of a path, which exists."""
        return self.cluster.objects[path["plural"], path["name"]]

    def read(self) -> Json:
        """The body."""
        read: Json = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        return read

    def answer(self, value: Json, status: HTTPStatus = HTTPStatus.OK) -> None:
        """An object as JSON, with its kind."""
        path = OBJECT.fullmatch(urlsplit(self.path).path)
        if path is not None and "kind" not in value:
            value = {"kind": KINDS[path["plural"]], "apiVersion": path["group"], **value}
        self.send(json.dumps(value).encode(), "application/json", status)

    def refuse(self, status: HTTPStatus, text: str) -> None:
        """An error as kubectl reads it."""
        told = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": text, "code": int(status)}
        self.send(json.dumps(told).encode(), "application/json", status)

    def send(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        """The whole of an answer."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def execute(self, words: list[str]) -> None:
        """A command whose input, output and end go over streams."""
        self.send_response(HTTPStatus.SWITCHING_PROTOCOLS)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", "SPDY/3.1")
        self.send_header("X-Stream-Protocol-Version", "v4.channel.k8s.io")
        self.end_headers()
        self.close_connection = True
        asked = parse_qs(urlsplit(self.path).query)
        names = ["error", *(name for name in ("stdin", "stdout", "stderr") if name in asked)]
        streams = Streams(self, names)
        given = b"".join(streams.input()) if "stdin" in names else b""
        ended = subprocess.run(words, input=given, capture_output=True, check=False)
        streams.send("stdout", ended.stdout)
        streams.send("stderr", ended.stderr)
        causes = [{"reason": "ExitCode", "message": str(ended.returncode)}]
        failed = {"status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": causes}}
        streams.send("error", json.dumps(failed if ended.returncode else {"status": "Success"}).encode())

    def log_message(self, format: str, *words: object) -> None:
        """Every request, for a trial that goes wrong."""
        print(format % words, flush=True)


class Streams:
    """The streams of one upgraded connection: SPDY/3.1 as far as kubectl speaks it.

    kubectl opens them in a fixed order (the client of remotecommand's fourth version), so that the headers, which say
    which one it is, need not be unpacked.
    """

    def __init__(self, handler: Handler, names: list[str]) -> None:
        self._read, self._write = handler.rfile, handler.wfile
        self._packed = zlib.compressobj()
        self._numbers: dict[str, int] = {}
        self._early: list[tuple[int, int, bytes]] = []
        """Data that came before all streams were open."""
        while len(self._numbers) < len(names):
            control, flags, body = self._frame()
            if control == SYN_STREAM:
                number = struct.unpack(">I", body[:4])[0]
                self._numbers[names[len(self._numbers)]] = number
                empty = self._packed.compress(bytes(4)) + self._packed.flush(zlib.Z_SYNC_FLUSH)
                self._control(SYN_REPLY, struct.pack(">I", number) + empty)
            elif control >= 0:
                self._early.append((control, flags, body))

    def _frame(self) -> tuple[int, int, bytes]:
        """The next: a number of a stream or, below zero, a kind of control; flags; the body."""
        head = self._read.read(8)
        if len(head) < 8:
            raise ConnectionError("kubectl has gone")
        first, second = struct.unpack(">II", head)
        flags, body = second >> 24, self._read.read(second & 0xFFFFFF)
        if not first & 0x80000000:
            return first, flags, body
        control = -(first & 0xFFFF)
        if control == PING:
            self._control(PING, body)
        return control, flags, body

    def _control(self, kind: int, body: bytes) -> None:
        self._write.write(struct.pack(">II", 0x80030000 | -kind, len(body)) + body)

    def input(self) -> Iterator[bytes]:
        """What comes for stdin, up to its end."""
        while True:
            number, flags, body = self._early.pop(0) if self._early else self._frame()
            if number == self._numbers["stdin"]:
                yield body
                if flags & END:
                    return

    def send(self, name: str, text: bytes) -> None:
        """The whole of an output, and its end."""
        if name in self._numbers:
            for start in range(0, len(text), 0x8000):
                piece = text[start : start + 0x8000]
                self._write.write(struct.pack(">II", self._numbers[name], len(piece)) + piece)
            self._write.write(struct.pack(">II", self._numbers[name], END << 24))


SYN_STREAM, SYN_REPLY, PING, END = -1, -2, -6, 1


def _group(name: str) -> Json:
    version = {"groupVersion": name, "version": "v1"}
    return {"name": name.split("/")[0], "versions": [version], "preferredVersion": version}


def _placed(found: Json, space: str) -> Json:
    """An object in the namespace that is asked: each is in all of them."""
    found["metadata"]["namespace"] = space
    return found


def _ephemeral(pod: Json) -> Json:
    return {
        "kind": "EphemeralContainers",
        "apiVersion": "v1",
        "metadata": pod["metadata"],
        "ephemeralContainers": pod["spec"].get("ephemeralContainers", []),
    }


def main() -> None:
    """Serve until the end of the process; the kubeconfig, which may be a pipe, is written when it is ready."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kubeconfig", type=Path)
    parser.add_argument("--running", required=True)
    parser.add_argument("--secret", action="append", default=[])
    given = parser.parse_args()
    Handler.cluster = Cluster(dict(one.split("=", 1) for one in given.secret), given.running)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever).start()
    address = f"http://127.0.0.1:{server.server_port}"
    clusters = [{"name": "here", "cluster": {"server": address}}]
    given.kubeconfig.write_text(json.dumps({**KUBECONFIG, "clusters": clusters}), encoding="utf-8")


if __name__ == "__main__":
    main()
