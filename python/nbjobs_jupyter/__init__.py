"""jupyter-scheduler's user interface on an nbjobs service: see README.md."""

from .extension import NbjobsExtension


def _jupyter_server_extension_points() -> list[dict[str, object]]:
    return [{"module": "nbjobs_jupyter", "app": NbjobsExtension}]
