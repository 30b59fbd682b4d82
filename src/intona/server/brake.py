"""Guessing a token takes time: wrong ones of an address are answered late."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass

FREE = 5  # wrong tokens of an address that are answered at once
FIRST = 0.25  # seconds the next one is kept waiting; each after that twice as long
LONGEST = 2.0
WAITING = 8  # wrong tokens of an address that wait at the same time
MEMORY = 300.0  # seconds after its last wrong token until an address is forgotten
ADDRESSES = 4096  # addresses remembered


@dataclass
class _Guesses:
    """The wrong tokens of an address: how many, the last one's time, how many wait now."""

    count: int
    last: float
    waiting: int = 0


class Brake:
    """Wrong tokens, counted per address; of IPv6, per network of 64 bits.

    Only answers to wrong tokens are late. So nobody who knows the token is kept out, not even
    behind a proxy that gives all clients one address.

    Args:
        clock: returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, _Guesses] = {}

    async def hold(self, address: str) -> bool:
        """Count a wrong token in and wait as long as its address deserves.

        Returns:
            ``False``, at once, where too many of this address wait already.
        """
        guesses = self._count(_network(address))
        if guesses.count <= FREE:
            return True
        if guesses.waiting >= WAITING:
            return False
        guesses.waiting += 1
        try:
            await asyncio.sleep(min(FIRST * 2 ** min(guesses.count - FREE - 1, 16), LONGEST))
        finally:
            guesses.waiting -= 1
        return True

    def _count(self, network: str) -> _Guesses:
        now = self._clock()
        guesses = self._known.pop(network, None)
        if guesses is None or now - guesses.last > MEMORY:
            guesses = _Guesses(0, now)
        guesses.count += 1
        guesses.last = now
        self._known[network] = guesses  # at the end: the first is the one longest silent
        if len(self._known) > ADDRESSES:
            del self._known[next(iter(self._known))]
        return guesses


def _network(address: str) -> str:
    """Return what stands for one client.

    Examples:
        >>> _network("192.0.2.7"), _network("2001:db8:1:2:3:4:5:6"), _network("")
        ('192.0.2.7', '2001:db8:1:2::/64', '')
    """
    if ":" not in address:
        return address
    return str(ipaddress.ip_network(f"{address.partition('%')[0]}/64", strict=False))
