"""What is wrong with the program, not with a workflow: the workflow stays where it is."""

from yabot.errors import TerminalError


class DecisionRefused(TerminalError):
    """An event that leads here becomes a dead letter: mend the process, then retry it."""

    code = "decision_refused"


class UndeclaredTransition(DecisionRefused):
    code = "undeclared_transition"


class UndeclaredStep(DecisionRefused):
    code = "undeclared_step"


class NewerDefinition(DecisionRefused):
    code = "newer_definition"
