"""The tally of the criteria, run on small suites of its own."""

import pytest

pytest_plugins = ["pytester"]
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
            "measured by make bench: 6: perf.1–4, rel.1–2",
            "not covered: 79: 1.1.4–5, 1.2.1*",
        ]
    )


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
