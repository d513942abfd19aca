"""`pytest -p flambeau.launch.pytest_plugin`: a library's own tests, run on flambeau.

Imported by `-p`, which comes before every conftest and installed plugin, so it acts on import.
"""

from flambeau.launch.alias import as_torch
from flambeau.version import __version__

as_torch()


def pytest_report_header() -> str:
    return f"torch: flambeau {__version__}"
