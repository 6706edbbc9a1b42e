"""The commands that run a check from another place, through the engine that is there. Each prints a report as JSON."""

from __future__ import annotations

import shlex
from typing import Final, NamedTuple

from clearline.core.secrets.redaction import MASK

PASSWORD: Final = "PASSWORD"  # noqa: S105 - what stands for it
"""Stands where the password is to be put in: no command holds a secret."""


class Elsewhere(NamedTuple):
    """One way to run the check from another place."""

    key: str
    title: str
    text: str
    note: str


def elsewhere(redacted: str) -> tuple[Elsewhere, ...]:
    """A command for each engine; ``redacted`` is the connection string without secrets.

    Names in capital letters are to be replaced. The address goes by the environment wherever the engine has a way, so
    that it stays out of lists of processes.
    """
    address = redacted.replace(MASK, PASSWORD)
    export = f"export MONGODB_URI={shlex.quote(address)}\n"
    variable = (
        "          env:\n            - name: MONGODB_URI\n              valueFrom:\n"
        "                secretKeyRef: { name: SECRET, key: uri }\n"
    )
    within = "Put clearline.pyz (one of the downloads) beside you; the container needs a Python of the same version."
    image = "The image clearline is made by packaging/Containerfile."
    return (
        Elsewhere(
            "docker-run",
            "Docker: a container of its own",
            f"{export}docker run --rm --network NETWORK --env MONGODB_URI clearline check --json > docker.json\n",
            f"{image} NETWORK is that of the application's container.",
        ),
        Elsewhere(
            "docker-exec",
            "Docker: within a container",
            f"{export}docker cp clearline.pyz CONTAINER:/tmp/clearline.pyz\n"
            "docker exec --env MONGODB_URI CONTAINER python3 /tmp/clearline.pyz check --json > container.json\n",
            within,
        ),
        Elsewhere(
            "kubectl-run",
            "Kubernetes: a pod of its own",
            f"{export}kubectl run clearline --namespace NAMESPACE --rm --attach --quiet --restart Never \\\n"
            '  --image clearline --env "MONGODB_URI=$MONGODB_URI" -- check --json > pod.json\n',
            f"{image} The address stands in the pod's specification while it runs.",
        ),
        Elsewhere(
            "kubectl-debug",
            "Kubernetes: beside a running pod",
            f"{export}kubectl debug POD --namespace NAMESPACE --attach --quiet --image clearline \\\n"
            '  --env "MONGODB_URI=$MONGODB_URI" -- clearline check --json > debug.json\n',
            f"{image} It shares the network of the pod, and stays in its list of ephemeral containers.",
        ),
        Elsewhere(
            "kubectl-exec",
            "Kubernetes: within a running pod",
            f"{export}kubectl cp clearline.pyz NAMESPACE/POD:/tmp/clearline.pyz\n"
            "printf '%s\\n' \"$MONGODB_URI\" | kubectl exec POD --namespace NAMESPACE --stdin -- \\\n"
            "  python3 /tmp/clearline.pyz check --json - > pod.json\n",
            within,
        ),
        Elsewhere(
            "ssh",
            "SSH: another computer",
            f"{export}scp clearline.pyz USER@HOST:/tmp/clearline.pyz\n"
            "printf '%s\\n' \"$MONGODB_URI\" | ssh USER@HOST python3 /tmp/clearline.pyz check --json - > host.json\n",
            within.replace("the container", "the other computer"),
        ),
        Elsewhere(
            "ansible",
            "Ansible: a host of the inventory",
            f"{export}ansible HOST --module-name ansible.builtin.shell \\\n"
            "  --args \"MONGODB_URI={{ lookup('env', 'MONGODB_URI') | quote }} clearline check --json; true\"\n",
            "One host at a time; packaging/recipes/ansible-task.yml asks a whole group and compares.",
        ),
        Elsewhere(
            "job",
            "Kubernetes: a Job for each pool of nodes",
            "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: clearline-from-POOL\nspec:\n  backoffLimit: 0\n"
            "  template:\n    spec:\n      restartPolicy: Never\n      nodeSelector: { pool: POOL }\n"
            "      containers:\n        - name: check\n          image: clearline\n"
            f'          command: ["clearline", "check", "--json"]\n{variable}',
            f"{image} SECRET holds the address under the key uri; kubectl logs job/clearline-from-POOL is the report.",
        ),
        Elsewhere(
            "github-actions",
            "GitHub Actions: a step",
            "- name: Check MongoDB from here\n  env:\n    MONGODB_URI: ${{ secrets.MONGODB_URI }}\n"
            "  run: pipx run clearline check --json | tee clearline.json\n",
            "The secret MONGODB_URI of the repository holds the address; the report stands in the step's log.",
        ),
    )
