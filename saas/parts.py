"""What an instance consists of, in the order in which it starts."""

from saas import embedded, programs
from saas.instance import Instance
from saas.ports import HOST
from saas.process import Part
from saas.programs import Address, Program


def stages(instance: Instance, *, mlflow_ui: bool = False) -> list[list[Part]]:
    """Return the parts, those together that can start at the same time; a stage needs the ones before it."""
    parts = [
        _part(instance, "provisioner", is_forked=True),
        _gateway(instance),
        _web(instance),
        _part(instance, "relay", is_forked=True),
        _part(instance, "postman", is_forked=True),
        _part(instance, "fleet", is_forked=True),
        _part(instance, "registrar"),
    ]
    if mlflow_ui:
        parts.append(_mlflow(instance))
    first = [*embedded.services(instance), _assets(instance)]
    # The fleet forks workers with the encoder that it finds when it starts.
    in_turn = (first, [_part(instance, "prepare")], _encoder(instance), parts, _sample(instance))
    return [stage for stage in in_turn if stage]


def _assets(instance: Instance) -> Part:
    """Return the part that lays out scripts and styles for the browser: a second's work, new with each version."""
    return _of(instance, "assets", programs.program("assets"), to_know="manage")


def _encoder(instance: Instance) -> list[Part]:
    """Return the part that adds the sentence encoder: on the first start only, in two or three seconds."""
    if not instance.encoder or (instance.data / "shared" / "_encoders" / "default").exists():
        return []
    return [_of(instance, "encoder", programs.program("encoder"), to_know="manage")]


def _sample(instance: Instance) -> list[Part]:
    """Return the part that trains and publishes the sample model: on the first start only, in a few seconds.

    Later starts need not even ask the database. A service without the sample is better than none.
    """
    if (instance.data / "shared" / "support").exists():
        return []
    return [_of(instance, "sample", programs.program("sample"), to_know="manage")]


def _part(instance: Instance, name: str, *, is_forked: bool = False) -> Part:
    return _of(instance, name, programs.program(name), is_forked=is_forked)


def _gateway(instance: Instance) -> Part:
    at = Address(HOST, instance.ports["web"])
    return _of(instance, "gateway", programs.gateway(at, processes=instance.web_processes))


def _web(instance: Instance) -> Part:
    at = Address(HOST, instance.ports["pages"])
    return _of(instance, "web", programs.web(at, processes=instance.web_processes))


def _mlflow(instance: Instance) -> Part:
    at = Address(HOST, instance.ports["mlflow"])
    program = programs.mlflow(at, artifact_root=str(instance.data / "mlflow"))
    return _of(instance, "mlflow", program, address=f"http://{at.host}:{at.port}")


def _of(
    instance: Instance, name: str, program: Program, *, to_know: str = "", is_forked: bool = False, address: str = ""
) -> Part:
    """Return the part that runs the program, with what `to_know` may know, or the part itself."""
    return Part(
        name,
        program.command,
        instance.environment(to_know or name),
        probe=program.probe,
        once=program.once,
        nice=program.nice,
        is_forked=is_forked,
        address=address,
    )
