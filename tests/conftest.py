pytest_plugins = ["tests.engines", "tests.criteria"]
