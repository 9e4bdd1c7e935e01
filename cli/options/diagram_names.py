"""Names of the diagrams, as the help of `otaproof diagram` lists them; to import the catalogue takes too long for that.

A test compares them with diagrams/catalogue.py.
"""

NAMES = (
    "life-cycle-without-rollback",
    "life-cycle-with-rollback",
    "moves-without-rollback",
    "moves-with-rollback",
    "boot-without-rollback",
    "boot-with-rollback",
    "boot-with-anti-rollback",
    "call-commence",
    "call-write",
    "call-complete",
    "call-accept",
    "call-rollback",
    "call-power_on",
    "call-set_boot_running",
    "call-set_boot_factory",
    "reachable-without-rollback",
    "reachable-with-rollback",
    "outcome-strips",
    "upgrade-strip",
    "otadata-record",
    "partition-layout",
    "trace",
)
OF_TOKEN = ("partition-layout", "trace")
"""Those that a replay token changes."""
ALL = "all"
