from tests.e2e.conftest import forks, new_program

__all__ = ["forks", "new_program"]
