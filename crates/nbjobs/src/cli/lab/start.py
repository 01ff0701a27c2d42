"""Starts JupyterLab. AWS's extension reads and writes at fixed places that only a Studio container has; inside this
process, and nowhere else, those places are in the folder that NBJOBS_LAB_ROOT names."""

import builtins
import io
import os
import sys

ROOT = os.environ["NBJOBS_LAB_ROOT"]
PLACES = ("/opt/ml/metadata", "/opt/.sagemakerinternal", "/var/log/studio")


def moving(function):
    def call(path, *args, **options):
        if isinstance(path, (str, os.PathLike)) and os.fspath(path).startswith(PLACES):
            path = ROOT + os.fspath(path)
        return function(path, *args, **options)

    return call


builtins.open = io.open = moving(io.open)
os.stat = moving(os.stat)
os.mkdir = moving(os.mkdir)

from jupyterlab.labapp import main  # noqa: E402

sys.argv[0] = "jupyter-lab"
sys.exit(main())
