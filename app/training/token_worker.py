"""A worker that answers with torch: `python -m app.training.token_worker FOLDER MEGABYTES`, for `runtime = "torch"`.

It says the same as `app.tokens.worker` to within 1e-5. torch is loaded here, in a process of its own, and nowhere else.
"""

import sys
from pathlib import Path

from app.tokens.serving import Opened
from app.tokens.worker import main


def with_torch(folder: Path) -> Opened:
    """The bundle in `folder`, reckoned by torch. Raises `BundleRefused`."""
    import torch

    from app.tokens.bundle import verify
    from app.tokens.predictor import Predictor
    from app.training.token_network import torch_graph

    torch.set_num_threads(1)
    bundle = verify(folder)
    predictor = Predictor(bundle, torch_graph(bundle))
    return Opened(predictor.predict, bundle.manifest.version, bundle.manifest.origin, bundle.manifest.made_at_s)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:], with_torch))
