"""The import packages have generic names (`server`, `rtc`, `compliance`): prove that nobody else provides them."""

import importlib.util
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("server", "rtc", "compliance")


@pytest.mark.parametrize("package", PACKAGES)
def test_package_is_ours(package: str) -> None:
    """site-packages comes before an editable path: a package of the same name there would win silently."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).is_relative_to(ROOT / package)


def test_no_other_distribution_provides_our_packages() -> None:
    providers = metadata.packages_distributions()
    assert {package: set(providers.get(package, [])) - {"clinixcue"} for package in PACKAGES} == {
        package: set() for package in PACKAGES
    }


def test_lock_is_complete_hashed_and_without_addresses() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    requirements = re.split(r"\n(?=\S)", lock.strip())
    unhashed = [requirement.splitlines()[0] for requirement in requirements if "--hash=sha256:" not in requirement]
    assert unhashed == []
    names = {re.split(r"[=\[;@ ]", requirement, maxsplit=1)[0] for requirement in requirements}
    # silero-vad's package and whisper's own ask for torch, gigabytes that nothing here uses
    assert names.isdisjoint({"torch", "torchaudio", "silero-vad", "openai-whisper"})


@pytest.mark.parametrize("folder", ["web", "server/identity_provider"])
def test_npm_lock_has_no_package_addresses(folder: str) -> None:
    assert '"resolved"' not in (ROOT / folder / "package-lock.json").read_text()


def test_wheel_carries_data_but_no_installed_packages(tmp_path: Path) -> None:
    """Migrations, playbooks and the demo's provider are read from the installed package."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = ZipFile(wheel).namelist()
    assert "server/identity_provider/provider.mjs" in names
    assert any(name.startswith("rtc/coaching/packs/") and name.endswith(".yaml") for name in names)
    assert any(name.startswith("server/piccolo_migrations/") for name in names)
    assert {f"rtc/coaching/classifier/{name}" for name in ("weights.npz", "tokenizer.json")} <= set(names)
    assert not [name for name in names if "/sentences/" in name], "what was learnt is enough"
    assert not [name for name in names if "node_modules" in name or name.startswith(("tests/", "e2e/", "web/"))]
