from tests.e2e.conftest import bot_settings, forks, new_program, telegram

__all__ = ["bot_settings", "forks", "new_program", "telegram"]
