"""The mean of several checkpoints of one net, for runs that began from the same weights or near them.

    python scripts/mean_weights.py mean.safetensors 0.5=one.safetensors 0.5=other.safetensors

Source: Wortsman et al., *Model soups*, ICML 2022. Runs with other seeds agree in what they learned and differ in the
strokes by which they please their judges, so that these fade. Shares are brought to a sum of 1.
"""

from __future__ import annotations

from pathlib import Path

import click
import torch

from photo2moe.checkpoint import load_generator, save_generator
from photo2moe.errors import Photo2MoeError


@click.command()
@click.argument("output", type=click.Path(path_type=Path))
@click.argument("parts", nargs=-1, required=True, metavar="SHARE=FILE...")
def main(output: Path, parts: tuple[str, ...]) -> None:
    """Write the mean of checkpoints to OUTPUT."""
    try:
        split = [part.split("=", 1) for part in parts]
        shares, files = [float(share) for share, _ in split], [Path(file) for _, file in split]
        nets = [load_generator(file).generator for file in files]
    except ValueError as error:
        raise click.BadArgumentUsage("each part must be SHARE=FILE, such as 0.5=one.safetensors") from error
    except Photo2MoeError as error:
        raise click.ClickException(str(error)) from error
    if len({net.config for net in nets}) > 1:
        raise click.ClickException("the nets differ in shape; only those of one shape have a mean")
    weights = torch.tensor(shares) / sum(shares)
    states = [net.state_dict() for net in nets]
    mean = {name: torch.einsum("n,n...", weights, torch.stack([state[name] for state in states])) for name in states[0]}
    nets[0].load_state_dict(mean)
    made_of = {file.name: round(float(weight), 4) for file, weight in zip(files, weights, strict=True)}
    save_generator(output, nets[0], {"mean_of": made_of})


if __name__ == "__main__":
    main()
