from tests.e2e.conftest import forks, playing

__all__ = ["forks", "playing"]
