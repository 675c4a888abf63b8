"""What is wrong with the program, not with a workflow: the workflow stays where it is."""

from yabot.errors import TerminalError


class DecisionRefused(TerminalError):
    """An event that leads here becomes a dead letter: mend the process, then retry it."""

    code = "decision_refused"


class UndeclaredTransition(DecisionRefused):
    """A process goes where its machine does not lead."""

    code = "undeclared_transition"


class UndeclaredStep(DecisionRefused):
    """A process has done what it does not say how to undo."""

    code = "undeclared_step"


class NewerDefinition(DecisionRefused):
    """A workflow was written by a later version of its process."""

    code = "newer_definition"
