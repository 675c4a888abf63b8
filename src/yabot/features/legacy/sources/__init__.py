"""The stores of the bots before this one: a module for each kind, behind one port.

A source only ever reads, beside an old bot that writes. A third kind is one module that is listed
in ``recognition``.
"""
