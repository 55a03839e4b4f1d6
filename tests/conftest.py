"""What every test starts from: fixed seeds, and property tests that draw the same examples each time."""

import random
import signal

import hypothesis
import numpy as np
import pytest
import torch

# No deadline: the first example pays for imports and models. No database: tests write under tmp_path only.
hypothesis.settings.register_profile("photo2moe", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("photo2moe")
# Shells take Ctrl-C from what they put behind, and tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def seed() -> int:
    """Seed every generator of random numbers before each test, and return the seed."""
    number = 20
    random.seed(number)
    np.random.seed(number)
    torch.manual_seed(number)
    return number


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let ``pytest --update-golden`` write the golden pictures anew."""
    parser.addoption("--update-golden", action="store_true", help="write the golden pictures anew")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden pictures are to be written instead of compared."""
    return bool(request.config.getoption("--update-golden"))
