"""stub"""

from alqahira.arabic import fold_text


def match_topics(headline, body, keywords=()):
    t = f" {fold_text(headline)} {fold_text(body)} "
    out = {}
    if any(w in t for w in (fold_text("العسكري"), fold_text("الجيش"), fold_text("وزارة الدفاع"))):
        out["defense"] = ["x"]
    if any(w in t for w in (fold_text("بيان مشترك"), fold_text("الخارجية"))):
        out["foreign_affairs"] = ["y"]
    return out
