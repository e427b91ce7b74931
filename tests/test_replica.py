"""The replica behaves as the site is believed to."""

from __future__ import annotations


def test_an_article_known_to_the_client_is_not_sent_again(replica):
    server = replica()
    path = next(
        item["url"]
        for item in server.get("/api/listing?kind=category&slug=%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1").json()["items"]
    )
    first = server.get(path)
    again = server.get(path, {"If-None-Match": first.headers["ETag"]})
    since = server.get(path, {"If-Modified-Since": first.headers["Last-Modified"]})
    other = server.get(path, {"If-None-Match": '"other"', "If-Modified-Since": first.headers["Last-Modified"]})
    assert (first.status, again.status, since.status, other.status) == (200, 304, 304, 200)
    assert again.body == b""
    assert [line["bytes"] for line in server.log()][-3:-1] == [0, 0]
    assert server.stop() == 0
