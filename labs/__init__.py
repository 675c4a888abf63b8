"""Redis in the shapes that larger installations have, on this machine: to look at, and for tests.

``make lab-sentinel`` and ``make lab-cluster`` start one; the tests of the topologies use the same.
"""
