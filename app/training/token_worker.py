"""A worker that answers with torch: `python -m app.training.token_worker FOLDER MEGABYTES`, for `runtime = "torch"`.

It says the same as `app.tokens.worker` to within 1e-5. torch is loaded here, in a process of its own, and nowhere else.
"""

import sys
from pathlib import Path

from app.tokens.bundle import WEIGHTS, Bundle
from app.tokens.features import Singles
from app.tokens.predictor import Graph
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


def network_alone(bundle: Bundle) -> Graph:
    """The bundle's network under torch, without what else is served: the least that torch could do."""
    import torch
    from safetensors.torch import load

    from app.training.token_network import Network

    network = Network()
    weights = load(bundle.files[WEIGHTS])
    network.load_state_dict({name[8:]: each for name, each in weights.items() if name.startswith("network.")})
    network.eval()
    torch.set_num_threads(1)

    def run(rows: Singles) -> Singles:
        with torch.inference_mode():
            answer: Singles = network(torch.from_numpy(rows)).numpy()
        return answer

    return run


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:], with_torch))
