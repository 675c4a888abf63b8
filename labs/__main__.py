"""``python -m labs sentinel`` and ``python -m labs cluster``: runs until Ctrl+C."""

import signal
import sys
import tempfile
from pathlib import Path

from labs.cluster import ClusterLab
from labs.node import Node
from labs.sentinel import SentinelLab
from yabot.errors import YabotError


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="yabot-lab-") as folder:
        lab: SentinelLab | ClusterLab
        match arguments:
            case ["sentinel"]:
                lab = SentinelLab(Path(folder))
            case ["cluster"]:
                lab = ClusterLab(Path(folder))
            case _:
                print("usage: python -m labs sentinel|cluster", file=sys.stderr)
                return 2
        try:
            lab.start()
            _tell(lab)
            signal.pause()
        except KeyboardInterrupt:
            pass
        except (YabotError, TimeoutError) as error:
            print(error, file=sys.stderr)
            return 1
        finally:
            lab.end()
    return 0


def _tell(lab: SentinelLab | ClusterLab) -> None:
    print("# Lines for .env, or before `yabot run`:")
    for name, value in lab.environment().items():
        print(f"{name}={value}")
    print("# The nodes; kill -9 or kill -STOP one and watch:")
    for node in lab.nodes:
        print(f"#   {node.address}  pid {node.pid}  {_role(node)}")
    for sentinel in lab.sentinels if isinstance(lab, SentinelLab) else ():
        print(f"#   {sentinel.address}  pid {sentinel.pid}  sentinel")
    print("# Ctrl+C ends them all and deletes their data.", flush=True)


def _role(node: Node) -> str:
    return "primary" if node.ask("ROLE")[0] == "master" else "replica"


if __name__ == "__main__":
    # Ended in order by `kill` too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
