"""Names of the diagrams, as the help of `otaproof diagram` lists them; to import the catalogue takes too long for that.

A test compares them with diagrams/catalogue.py.
"""

NAMES = (
    "life-cycle-without-rollback",
    "life-cycle-with-rollback",
    "life-cycle-by-turns",
    "moves-without-rollback",
    "moves-with-rollback",
    "boot-without-rollback",
    "boot-with-rollback",
    "boot-with-anti-rollback",
    "boot-by-turns",
    "call-commence",
    "call-write",
    "call-complete",
    "call-accept",
    "call-rollback",
    "call-power_on",
    "call-set_boot_running",
    "call-set_boot_factory",
    "call-commence-by-turns",
    "call-complete-by-turns",
    "call-accept-by-turns",
    "call-rollback-by-turns",
    "reachable-without-rollback",
    "reachable-with-rollback",
    "reachable-by-turns",
    "outcome-strips",
    "upgrade-strip",
    "otadata-record",
    "partition-layout",
    "trace",
)
OF_TOKEN = ("partition-layout", "trace")
"""Those that a replay token changes."""
ALL = "all"
