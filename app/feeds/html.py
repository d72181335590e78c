"""Pages of HTML where JSON should be: what stands before a venue answers with one, and often with 200. Pure."""

HTML = "HTML instead of JSON; the venue, or something before it, is not serving"


def is_html(body: bytes, content_type: str = "") -> bool:
    """Whether a body is a page of HTML, by what its header says of it or by how it begins."""
    return "html" in content_type.lower() or body[:256].lstrip()[:1] == b"<"
