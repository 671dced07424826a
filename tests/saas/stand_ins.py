"""Small programs in the place of an instance's parts, under the real supervisor.

Run as `python -m tests.saas.stand_ins DIRECTORY PORT SCENARIO`.
"""

import os
import sys
from pathlib import Path

from saas.directory import DirectoryError
from saas.instance import Instance, InstanceError
from saas.process import Part
from saas.supervisor import StartError, Supervisor

_NOTIFY = "from tenants.notify import ready; import os, time; ready(); "
_WAIT = "time.sleep(1000)"
# In a session of its own, deaf to SIGTERM: only somebody who looks for it ends it.
_CHILD = (
    "import subprocess, sys; "
    "subprocess.Popen([sys.executable, '-c', "
    "'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(1000)'], "
    "start_new_session=True); "
)

SCENARIOS = {
    "well": [("first", _NOTIFY + _WAIT), ("second", _NOTIFY + _WAIT)],
    "prepared": [("prepare", "print('prepared')"), ("first", _NOTIFY + _WAIT)],
    "unprepared": [("prepare", "import sys; sys.exit('the migration failed')"), ("first", _NOTIFY + _WAIT)],
    "refusing": [("first", "import sys; sys.exit('the configuration is unsafe')")],
    "absent": [("first", "")],
    "deaf": [("first", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + _NOTIFY + _WAIT)],
    "leaving": [("first", _CHILD + _NOTIFY + _WAIT)],
}


def _command(program: str) -> tuple[str, ...]:
    return (sys.executable, "-c", program) if program else ("no-such-program",)


def stages(scenario: str) -> list[list[Part]]:
    environment = {"PATH": os.environ["PATH"], "MARK": os.environ["MARK"]}
    parts = [
        Part(name, _command(program), environment, once=name == "prepare", grace=1.0)
        for name, program in SCENARIOS[scenario]
    ]
    once = [part for part in parts if part.once]
    return [stage for stage in (once, [part for part in parts if not part.once]) if stage]


def main(directory: str, port: str, scenario: str) -> None:
    try:
        instance = Instance.create(Path(directory), int(port))
        Supervisor(instance, lambda _instance: stages(scenario)).run()
    except (DirectoryError, InstanceError, StartError) as error:
        sys.exit(f"assort: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:])
