"""The tally of the criteria, run on small suites of its own."""

import pytest

pytest_plugins = ["pytester"]
# Each starts a pytest, some of them with processes.
pytestmark = pytest.mark.slow
PLUGIN = __name__.replace("test_criteria_plugin", "criteria")


def run(
    pytester: pytest.Pytester, source: str, *options: str, ci: bool = False
) -> pytest.RunResult:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CI", "true" if ci else "")
        pytester.makepyfile(source)
        return pytester.runpytest_inprocess("-p", PLUGIN, "-p", "no:asyncio", *options)


def test_all_criteria_are_told_of(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_of_none(): pass")
    result.stdout.fnmatch_lines(
        [
            "proved in this run: 0 of 88: none",
            "measured by make bench: 6: perf.1–4, rel.1–2",
            "not covered: 82: 1.1.1–5, 1.2.1–4, 1.3.1–5, 2.1.1–4, *, sec.1–4, rel.3–4, scale.1–4",
        ]
    )


def test_a_criterion_is_proved_when_all_its_tests_pass(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import pytest

        @pytest.mark.criterion("1.1.1", "1.1.2")
        @pytest.mark.parametrize("n", [1, 2])
        def test_both(n): pass

        @pytest.mark.criterion("1.1.2", "1.1.3")
        def test_fails(): assert False

        @pytest.mark.criterion("1.1.4")
        class TestOfOneCriterion:
            def test_passes(self): pass

            @pytest.mark.criterion("1.1.5")
            def test_is_not_run(self): pytest.skip("today")
        """,
    )
    result.stdout.fnmatch_lines(
        [
            "proved in this run: 1 of 88: 1.1.1",
            "with failing tests: 2: 1.1.2–3",
            "partly run: 1: 1.1.4",
            "not run: 1: 1.1.5",
            "measured by make bench: 6: perf.1–4, rel.1–2",
            "not covered: 77: 1.2.1*",
        ]
    )


SUITE = """
    import pytest

    @pytest.mark.criterion("1.1.1")
    @pytest.mark.parametrize("n", [1, 2])
    def test_twice(n): pass

    @pytest.mark.criterion("1.1.1", "1.1.2")
    def test_apart(): pass

    @pytest.mark.criterion("1.1.3")
    class TestOfOneCriterion:
        def test_passes(self): pass
"""


@pytest.mark.parametrize(
    ("wanted", "proved", "partly", "not_run"),
    [
        (("test_it.py",), "3 of 88: 1.1.1–3", "0: none", "0: none"),
        (("-k", "not apart"), "1 of 88: 1.1.3", "1: 1.1.1", "1: 1.1.2"),
        (("-k", "not 2"), "2 of 88: 1.1.2–3", "1: 1.1.1", "0: none"),
        (("-k", "not 2", "-n", "1"), "2 of 88: 1.1.2–3", "1: 1.1.1", "0: none"),
        (("test_it.py::test_apart",), "1 of 88: 1.1.2", "1: 1.1.1", "1: 1.1.3"),
        (("--ignore", "test_it.py", "test_other.py"), "0 of 88: none", "0: none", "3: 1.1.1–3"),
    ],
    ids=[
        "all",
        "a test left out",
        "a parameter",
        "a parameter, by xdist",
        "one test",
        "another file",
    ],
)
def test_what_was_left_out_is_not_proved(
    pytester: pytest.Pytester,
    wanted: tuple[str, ...],
    proved: str,
    partly: str,
    not_run: str,
) -> None:
    pytester.makepyfile(test_it=SUITE, test_other="def test_passes(): pass")
    result = run(pytester, "", *wanted)
    result.stdout.fnmatch_lines(
        [f"proved in this run: {proved}", f"partly run: {partly}", f"not run: {not_run}"]
    )


def test_a_module_claims_for_all_its_tests(pytester: pytest.Pytester) -> None:
    source = "import pytest\npytestmark = [pytest.mark.criterion('1.1.1')]\n"
    pytester.makepyfile(test_it=f"{source}def test_one(): pass\ndef test_two(): pass")
    result = run(pytester, "", "test_it.py::test_one")
    result.stdout.fnmatch_lines(["partly run: 1: 1.1.1"])


@pytest.mark.parametrize(
    "source",
    [
        "import pytest\n@pytest.fixture\ndef broken(): raise OSError\n"
        "@pytest.mark.criterion('sec.4')\ndef test_of_it(broken): pass",
        "import pytest\n@pytest.fixture\ndef broken():\n    yield\n    raise OSError\n"
        "@pytest.mark.criterion('sec.4')\ndef test_of_it(broken): pass",
        "import pytest\n@pytest.mark.xfail\n@pytest.mark.criterion('sec.4')\n"
        "def test_of_it(): assert False",
    ],
    ids=["set-up fails", "clean-up fails", "expected to fail"],
)
def test_anything_but_success_proves_nothing(pytester: pytest.Pytester, source: str) -> None:
    result = run(pytester, source)
    result.stdout.fnmatch_lines(
        ["proved in this run: 0 of 88: none", "with failing tests: 1: sec.4"]
    )


def test_an_unknown_criterion_stops_the_run(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        "import pytest\n@pytest.mark.criterion('5.2.6')\ndef test_of_it(): pass",
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*test_of_it: there is no criterion '5.2.6'"])


@pytest.mark.parametrize(
    "source",
    [
        "import pytest\ndef test_skipped(): pytest.skip('no engine')\ndef test_other(): pass",
        "import pytest\npytest.skip('no engine', allow_module_level=True)",
    ],
    ids=["test", "module"],
)
def test_in_ci_a_skipped_test_fails_the_run(pytester: pytest.Pytester, source: str) -> None:
    pytester.makepyfile(test_another="def test_passes(): pass")
    result = run(pytester, source, ci=True)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["In CI every test must run, and 1 did not: the run has failed."])


def test_elsewhere_a_skipped_test_does_not(pytester: pytest.Pytester) -> None:
    result = run(pytester, "import pytest\ndef test_skipped(): pytest.skip('no engine')")
    assert result.ret == pytest.ExitCode.OK


def test_runs_of_different_tests_count_as_one(pytester: pytest.Pytester) -> None:
    suite = """
        import pytest

        @pytest.mark.criterion("1.1.1")
        def test_apple(): pass

        @pytest.mark.criterion("1.1.1")
        def test_pear(): pass
        """
    first = run(pytester, suite, "-k", "apple", "--tally", "seen/tally.json")
    first.stdout.fnmatch_lines(["proved in this run: 0 of 88: none", "partly run: 1: 1.1.1"])
    both = run(pytester, suite, "-k", "pear", "--tally", "seen/tally.json")
    both.stdout.fnmatch_lines(["proved in this run: 1 of 88: 1.1.1", "partly run: 0: none"])


def test_what_failed_in_an_earlier_run_stays_failed(pytester: pytest.Pytester) -> None:
    suite = """
        import pytest

        @pytest.mark.criterion("1.1.1")
        def test_apple(): assert False

        @pytest.mark.criterion("1.1.1")
        def test_pear(): pass
        """
    run(pytester, suite, "-k", "apple", "--tally", "tally.json")
    both = run(pytester, suite, "-k", "pear", "--tally", "tally.json")
    both.stdout.fnmatch_lines(["proved in this run: 0 of 88: none", "with failing tests: 1: 1.1.1"])
