"""A table and two small images, and the command that checks their update and writes a page of it."""

from pathlib import Path

from otaproof.impl.image.format import build_image

TABLE = "nvs,data,nvs,0x9000,0x4000\notadata,data,ota,,0x2000\nota_0,app,ota_0,,64K\nota_1,app,ota_1,,64K\n"
FILES = ("--partitions", "table.csv", "--running", "app.bin", "--update", "new.bin", "--rollback", "--idf", "5.1")
ARGUMENTS = ("check", *FILES, "--json", "--report", "page")


def made_in(folder: Path) -> Path:
    """Put table and images into a folder."""
    (folder / "table.csv").write_text(TABLE)
    (folder / "app.bin").write_bytes(build_image(size=1200, version="1", seed=1))
    (folder / "new.bin").write_bytes(build_image(size=1300, version="2", seed=2))
    return folder
