"""The project's own settings, read once from Scrapy's and checked, as one typed object."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scrapy.settings import BaseSettings

from alqahira.arguments import check_choice, check_output_dir, check_site_url, check_state_url

STATE_FILE = "state.db"


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a run needs to know of its settings; making one fails with ConfigurationError where one is wrong."""

    site_url: str
    output_dir: Path
    state_url: str
    near_duplicates: str
    browser: str
    compress_parts: bool

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Configuration:
        """Checks the output folder by writing to it."""
        output_dir = check_output_dir(str(settings["ALQAHIRA_OUTPUT_DIR"]))
        return cls(
            site_url=check_site_url(str(settings["ALQAHIRA_SITE_URL"])),
            output_dir=output_dir,
            state_url=state_url(settings),
            near_duplicates=check_choice(
                "ALQAHIRA_NEAR_DUPLICATES", str(settings["ALQAHIRA_NEAR_DUPLICATES"]), ("drop", "mark", "off")
            ),
            browser=check_choice("ALQAHIRA_BROWSER", str(settings["ALQAHIRA_BROWSER"]), ("auto", "never", "always")),
            compress_parts=settings.getbool("ALQAHIRA_COMPRESS_PARTS"),
        )


def state_url(settings: BaseSettings) -> str:
    """ALQAHIRA_STATE_URL, or `state.db` in the output folder where it is not set. Raises ConfigurationError."""
    given = str(settings["ALQAHIRA_STATE_URL"] or "")
    if given:
        return check_state_url(given)
    return f"sqlite:///{Path(str(settings['ALQAHIRA_OUTPUT_DIR'])).expanduser() / STATE_FILE}"
