"""`python -m bench [NAME…]`: how fast YABOT is, beside doing the same by hand."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence

from bench import (
    api,
    api_bot,
    api_changes,
    endurance,
    events,
    fleet,
    idle,
    legacy_import,
    legacy_mode,
    operations,
    outages,
    processor,
    protection,
    relay,
    route,
    sending,
    start,
    transfers,
    users,
    webhook,
    whole_way,
)
from bench.engines import Engines, running_engines
from bench.figures import Figure
from bench.report import as_json, as_table
from yabot.runtime.event_loop import new_event_loop

Benchmark = Callable[[Engines], Awaitable[list[Figure]]]

BENCHMARKS: dict[str, Benchmark] = {
    "update": whole_way.update_figures,
    "create_user": whole_way.create_user_figures,
    "relay": relay.relay_figures,
    "processor": processor.processor_figures,
    "route": route.route_figures,
    "start": start.start_figures,
    "operations": operations.operation_figures,
    "api": api.api_figures,
    "api_changes": api_changes.api_change_figures,
    "api_bot": api_bot.api_bot_figures,
    "protection": protection.protection_figures,
    "webhook": webhook.webhook_figures,
    "sending": sending.sending_figures,
    "outages": outages.outage_figures,
    "events": events.event_figures,
    "idle": idle.idle_figures,
    "users": users.user_figures,
    "workers": fleet.fleet_figures,
    "endurance": endurance.endurance_figures,
    "transfers": transfers.transfer_figures,
    "legacy_import": legacy_import.legacy_import_figures,
    "legacy_mode": legacy_mode.legacy_mode_figures,
}


def main() -> int:
    options = _options()
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        figures = runner.run(_measure(options.names or list(BENCHMARKS)))
    print((as_json if options.json else as_table)(figures))
    missed = any(figure.met is False for figure in figures)
    return 1 if options.strict and missed else 0


async def _measure(names: Sequence[str]) -> list[Figure]:
    figures: list[Figure] = []
    async with running_engines() as engines:
        for name in names:
            print(f"Measuring {name}…", file=sys.stderr)
            figures += await BENCHMARKS[name](engines)
    return figures


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a target is missed")
    options = parser.parse_args()
    unknown = set(options.names) - BENCHMARKS.keys()
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    sys.exit(main())
