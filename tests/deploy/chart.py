"""The chart, rendered: objects as a cluster would get them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
EVERYTHING = FOLDER / "everything.yaml"
Object = dict[str, Any]


@dataclass(frozen=True)
class Rendered:
    """All objects of a release, hooks among them."""

    objects: tuple[Object, ...]

    def of(self, kind: str) -> dict[str, Object]:
        """Return the objects of a kind by their names, without the release's in front."""
        found = (each for each in self.objects if each["kind"] == kind)
        return {each["metadata"]["name"].removeprefix("assort-"): each for each in found}

    def pods(self) -> dict[str, Object]:
        """Return the pods' specifications by the names of what makes them."""
        made = self.of("Deployment") | self.of("Job")
        return {name: each["spec"]["template"]["spec"] for name, each in made.items()}

    def containers(self) -> dict[str, Object]:
        return {name: pod["containers"][0] for name, pod in self.pods().items()}

    def labels(self, name: str) -> Mapping[str, str]:
        """Return the labels of the pods of a deployment or job."""
        made = self.of("Deployment") | self.of("Job")
        labels: Mapping[str, str] = made[name]["spec"]["template"]["metadata"]["labels"]
        return labels

    def policies_of(self, name: str) -> Iterator[Object]:
        """Yield the network policies that select the pods of a deployment or job."""
        labels = self.labels(name)
        for policy in self.of("NetworkPolicy").values():
            if policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items():
                yield policy["spec"]

    def reached(self, name: str) -> set[int]:
        """Return the ports that the pods of a deployment or job may connect to."""
        rules = [rule for policy in self.policies_of(name) for rule in policy.get("egress", ())]
        return {port["port"] for rule in rules for port in rule["ports"]}

    def asked(self, name: str) -> dict[int, list[Object]]:
        """Return by whom each port of its pods may be asked."""
        rules = [rule for policy in self.policies_of(name) for rule in policy.get("ingress", ())]
        return {port["port"]: rule["from"] for rule in rules for port in rule["ports"]}


def environment(container: Object) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container["env"]}


def parsed(manifests: str) -> Rendered:
    return Rendered(tuple(each for each in yaml.safe_load_all(manifests) if each))
