"""Errors of the program, not of a workflow: the workflow stays as it is."""

from yabot.errors import TerminalError


class DecisionRefused(TerminalError):
    """The event becomes a dead letter: mend the process, then retry the letter."""

    code = "decision_refused"


class UndeclaredTransition(DecisionRefused):
    """A process goes to a state that its machine does not allow."""

    code = "undeclared_transition"


class UndeclaredStep(DecisionRefused):
    """A process has marked a step for which it has no compensation."""

    code = "undeclared_step"


class NewerDefinition(DecisionRefused):
    """A workflow was written by a later version of its process."""

    code = "newer_definition"
