CREATE TABLE articles (
    schema_version BIGINT NOT NULL, -- Version of this record's shape.
    article_id VARCHAR NOT NULL, -- The site's own number as text; without one, `u` and 16 hex digits of the canonical URL's SHA-256.
    revision BIGINT NOT NULL, -- 1, then one more for each change that revision_reason names; readers keep the highest.
    url VARCHAR NOT NULL, -- Canonical: no fragment, no tracking parameters, percent-encoded UTF-8, the site's scheme and host.
    headline VARCHAR NOT NULL, -- The headline as printed.
    description VARCHAR, -- Standfirst or meta description, unless it is the beginning of the body.
    article_body VARCHAR NOT NULL, -- Paragraphs as printed, joined by a blank line, without boilerplate.
    credit_line VARCHAR, -- The credit as printed: «القاهرة الإخبارية - وكالات».
    authors VARCHAR[] NOT NULL, -- People named in the credit line.
    agencies VARCHAR[] NOT NULL, -- Codes of the news agencies named in the credit line: mena, reuters, afp, wires, …
    date_published TIMESTAMPTZ, -- When the article was published, UTC, to the second.
    date_published_source VARCHAR, -- Source of date_published: page_data, jsonld, meta, visible, sitemap or listing.
    date_modified TIMESTAMPTZ, -- When the site says it last changed the article, UTC.
    image_url VARCHAR, -- The main image.
    image_caption VARCHAR, -- The main image's caption as printed.
    article_sections VARCHAR[] NOT NULL, -- The site's own category names.
    keywords VARCHAR[] NOT NULL, -- The site's tags.
    topics VARCHAR[] NOT NULL, -- defense, foreign_affairs: decided by the topic test, whichever spider found the article.
    topic_terms VARCHAR[] NOT NULL, -- The terms that decided the topics.
    in_language VARCHAR NOT NULL, -- BCP 47 language tag.
    word_count BIGINT NOT NULL, -- Words of article_body, split at white space.
    content_hash VARCHAR NOT NULL, -- SHA-256 (hex) of the folded headline and body.
    duplicate_of VARCHAR, -- article_id of the earlier near-duplicate, if any.
    layout VARCHAR NOT NULL, -- Which extractor gave the body: site, page_data, jsonld or generic.
    discovered_on VARCHAR, -- The listing, sitemap or feed that led to the page.
    date_first_seen TIMESTAMPTZ NOT NULL, -- When a run first accepted this article, UTC.
    date_crawled TIMESTAMPTZ NOT NULL, -- When the page that gave this revision was fetched, UTC.
    run_id VARCHAR NOT NULL, -- The run that fetched this revision, or found its page gone.
    revision_reason VARCHAR, -- Why there is this revision: text (headline or body), metadata (date, topics, tags, caption, image), removed or returned; null in the first.
    date_removed TIMESTAMPTZ, -- When the article was found to be gone from the site, UTC.
    published_day VARCHAR, -- Cairo's day of date_published, YYYY-MM-DD; the day of the line's folder.
    position BIGINT, -- The line's place in the order of publication, from 1, for loads of what is new; null in a feed and in lines of older parts.
    countries VARCHAR[], -- ISO 3166-1 alpha-2 codes of the states that the article is about, most prominent first; XK is Kosovo.
    organizations VARCHAR[], -- Codes of the organizations, armies and movements that it is about (docs/entities.md), most prominent first.
    mentions VARCHAR[], -- The words that gave each code of countries and organizations, as printed: IQ:العراقية.
    PRIMARY KEY (article_id, revision)
);
