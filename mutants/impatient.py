"""A pytest plugin: what a mutant keeps from happening is not waited for as long as elsewhere."""

from tests import waiting

PATIENCE = 20.0

# Before any test module has taken it over. Whether it is enough is shown by the control.
waiting.PATIENCE = PATIENCE
