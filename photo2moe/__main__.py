"""``python -m photo2moe``, the same as the command ``photo2moe``."""

from photo2moe.cli import main

main()
