"""The extensions and pipelines that a run needs, however settings, scripts and spiders change them."""

from __future__ import annotations

from scrapy.settings import BaseSettings
from scrapy.utils.misc import load_object

from alqahira import settings as own
from alqahira.exceptions import ConfigurationError, one_line

_RUN, _FEEDS = "alqahira.crawling.extensions.run.RunExtension", "alqahira.crawling.extensions.feeds.Feeds"


def check_components(settings: BaseSettings) -> None:
    """Raise ConfigurationError if one is missing, as in a dictionary with another project's alone, or cannot be loaded.

    Without them nothing would be kept or checked. A subclass takes the place of its base.
    """
    extensions = [_RUN, _FEEDS] if settings["FEEDS"] or settings["FEED_URI"] else [_RUN]
    for name, needed in {"EXTENSIONS": extensions, "ITEM_PIPELINES": [*own.ITEM_PIPELINES]}.items():
        try:
            given = [load_object(path) for path, order in settings.getdict(name).items() if order is not None]
            missing = [path for path in needed if not any(issubclass(one, load_object(path)) for one in given)]
        except (ImportError, NameError, TypeError, ValueError) as error:
            raise ConfigurationError(f"{name}: {one_line(error)}") from None
        if missing:
            raise ConfigurationError(f"{name} lacks {missing[0]}: add to the project's {name}, replace none of it")
