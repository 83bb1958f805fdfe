"""The package as users get it: built from a copy of the sources, with and without npm."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


@pytest.fixture
def sources(tmp_path):
    return copy_sources(tmp_path / "sources")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """An environment with nothing but dspnb in it."""
    folder = tmp_path_factory.mktemp("installed")
    wheel = build_wheel(copy_sources(folder / "sources"), folder / "dist")
    return install(wheel, folder / "venv")


@pytest.fixture
def path_without_node(tmp_path):
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("env", "sh"):
        (programs / name).symlink_to(shutil.which(name))
    return str(programs)


def test_the_wheel_holds_the_widgets_and_the_data_and_nothing_else(installed):
    site_packages = next(installed.glob("lib/python*/site-packages"))

    assert (site_packages / "dspnb/notebook/static/run.js").stat().st_size > 0
    assert (site_packages / "dspnb/notebook/static/inspect.js").stat().st_size > 0
    assert (site_packages / "dspnb/data/tickets.jsonl").is_file()
    assert {path.name.partition("-")[0] for path in site_packages.iterdir()} == {"dspnb"}


def test_the_wheel_brings_the_command(installed):
    script = (installed / "bin" / "dspnb").read_text()

    assert "from dspnb.frontends.command import main" in script


def test_jupyterlab_finds_the_installed_labextension(installed):
    labextensions = installed / "share/jupyter/labextensions"
    manifest = json.loads((labextensions / "dspnb/package.json").read_text())
    origin = json.loads((labextensions / "dspnb/install.json").read_text())

    listed = run(
        *(sys.executable, "-m", "jupyter", "labextension", "list"),
        env={**os.environ, "JUPYTER_PATH": str(labextensions.parent)},
    )

    load = manifest["jupyterlab"]["_build"]["load"]
    assert (labextensions / "dspnb" / load).stat().st_size > 0
    assert origin["packageName"] == "dspnb"
    assert f"{labextensions}\n        dspnb v{manifest['version']}" in listed


def test_a_wheel_is_built_with_no_npm_on_the_machine(sources, tmp_path, path_without_node):
    wheel = build_wheel(sources, tmp_path / "dist", PATH=path_without_node)

    package = next(install(wheel, tmp_path / "venv").glob("lib/python*/site-packages/dspnb"))
    assert (package / "notebook/static/run.js").stat().st_size > 0


def test_an_sdist_brings_its_widgets_so_installing_it_needs_no_npm(
    sources, tmp_path, path_without_node
):
    run(sys.executable, "-m", "venv", tmp_path / "builder")
    builder = tmp_path / "builder/bin/python"
    run(builder, "-m", "pip", "install", "--quiet", "hatchling")
    run(builder, "-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path / "dist", cwd=sources)
    (sdist,) = (tmp_path / "dist").glob("*.tar.gz")

    wheel = build_wheel(sdist, tmp_path / "dist", PATH=path_without_node, **NO_REGISTRY)

    with tarfile.open(sdist) as archive:
        names = archive.getnames()
    assert wheel.exists()
    assert not [name for name in names if "node_modules" in name]


def test_a_build_that_cannot_reach_npms_registry_says_so(sources, tmp_path):
    with pytest.raises(AssertionError) as failure:
        build_wheel(sources, tmp_path, npm_config_cache=str(tmp_path / "cache"), **NO_REGISTRY)

    assert "dspnb: the widgets could not be built: `npm ci" in str(failure.value)
    assert "see that `npm ping` answers" in str(failure.value)
    assert "Traceback" not in str(failure.value)


NO_REGISTRY = {"npm_config_registry": "http://127.0.0.1:9", "npm_config_fetch_retries": "0"}


def copy_sources(folder):
    """What a commit of the work tree would hold, so nothing that was built before."""
    listed = run("git", "ls-files", "-co", "--exclude-standard", "-z", cwd=ROOT).split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():  # a deleted file is still listed
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def build_wheel(source, folder, **environment):
    run(
        *(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder, source),
        env={**os.environ, **environment},
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel, environment):
    run(sys.executable, "-m", "venv", "--without-pip", environment)
    python = environment / "bin/python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", wheel)
    return environment


def run(*command, cwd=None, env=None):
    done = subprocess.run(
        command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, f"{command} ended with code {done.returncode}:\n{done.stdout}"
    return done.stdout
