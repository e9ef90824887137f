"""The simulator under test is a real process on a loopback port."""

from simulated import client, running_simulator, simulators, wats

__all__ = ["client", "running_simulator", "simulators", "wats"]
