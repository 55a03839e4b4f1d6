"""``python -m photo2moe``, and the command ``photo2moe``."""

import os
import sys


def run() -> None:
    """Run the command line; Ctrl-C while it is still being loaded ends it as quietly as later."""
    # OpenBLAS is asked for tiny matrices only, and its threads wait by spinning: a third of all processor time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from photo2moe.cli.main import main
    except KeyboardInterrupt:
        sys.exit(130)
    main()


if __name__ == "__main__":
    run()
