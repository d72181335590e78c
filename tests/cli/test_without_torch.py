"""Where torch, scikit-learn and onnx cannot be imported, all is there but training.

The import contracts hold the same in every run.
"""

import subprocess
import sys

import pytest

PROGRAM = """
import importlib, pkgutil, sys
for library in ("torch", "sklearn", "onnx"):
    sys.modules[library] = None
import app
found = [each.name for each in pkgutil.walk_packages(app.__path__, "app.") if not each.name.endswith("__main__")]
for name in found:
    if not name.startswith(("app.training", "app.bench")):
        importlib.import_module(name)
from app.cli.main import main
code = main(["train", "tokens", "--quiet"])
print(len(found), code)
"""


@pytest.mark.nightly
def test_every_module_but_training_is_imported_and_training_says_what_it_needs() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    modules, code = map(int, done.stdout.split())
    assert modules > 300
    assert code == 1
    assert "torch is not installed, and training needs it" in done.stderr
