"""What pyproject.toml cannot say: where the packages stand. scrapyd-deploy builds its egg by this file, too."""

from setuptools import find_namespace_packages, setup

# At the root of a checkout; in a wheel or an egg within the package, as a top-level `spiders` may be another project's.
WITHIN = {f"alqahira.{name}": name for name in ("spiders", "pipelines")}

setup(packages=[*find_namespace_packages(include=["alqahira*"]), *WITHIN], package_dir=WITHIN)
