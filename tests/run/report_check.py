"""Pages of deepsad_report as a browser's parser sees them: whatever names, categories and texts say, the parsed page has only
the elements and attributes that deepsad writes, and the values are there as text.  Then models whose bytes were forged under a
right checksum.  Talks to the server through psql; needs Python's own library alone.

usage: report_check.py FOLDER [SEED]; writes the pages to FOLDER, ends with `N passed, N failed`."""
import html.parser
import os
import random
import re
import subprocess
import sys

ELEMENTS = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "span", "strong", "bdi", "br", "dl", "div", "dt",
            "dd", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "article", "svg", "path", "text"}
ATTRIBUTES = {
    "lang": "en", "charset": "utf-8", "name": "viewport|color-scheme", "http-equiv": "Content-Security-Policy",
    "content": "width=device-width, initial-scale=1|light dark|default-src 'none'; style-src 'unsafe-inline'",
    "id": "trust|threshold|training|left-out|losses|features|separation|alarms|top|drift", "class": "[a-z0-9 ]+",
    "scope": "row|col|colgroup", "colspan": "2", "role": "img", "aria-hidden": "true", "viewbox": "[-0-9 ]+",
    "d": r"[-MLHVhvz0-9. ]*", "stroke": "#[0-9a-f]{6}", "opacity": r"[01]\.[0-9]{3}", "x": r"-?[0-9.]+", "y": r"-?[0-9.]+", "transform": r"translate\([0-9 ]+\) rotate\(-90\)"}
FRAGMENTS = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='a", "</td></tr></table>", "<!--", "-->",
             "]]>", "<![CDATA[", "</style>", "</title>", "<svg/onload=a>", "<a href=javascript:a>", "&lt;", "&#60;script&#62;", "&amp;",
             "<base href=//x>", "<meta http-equiv=refresh content=0>", "\\x3c", "%3Cscript%3E", "%s%n%d", "${a}", "{{a}}", "\n", "\t",
             "\r", "\x01", "\x1b[31m", "\x7f", "\u0085", "\u200b", "\u202e", "\u2028", "\ufdd0", "\ufffe", "\U0001f600", "\u00e9",
             "\u4e2d\u6587", "<", ">", "\"", "'", "`", "\\", "/", "=", " ", "a", "Z", "0", "<b", "<?php", "<iframe", "</body></html>"]

passed = failed = 0


def check(name, good, detail=""):
    """Counts a test."""
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"not ok {name}: {detail}")


def psql(script):
    """What the server says to a script, and what it printed as errors."""
    done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "VERBOSITY=sqlstate"], input=script.encode(), capture_output=True,
                          env=dict(os.environ, PGCLIENTENCODING="UTF8"))
    return done.stdout.decode(), done.stderr.decode()


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def name(text):
    return '"' + text.replace('"', '""') + '"'


def shown(text):
    """A text as the page shows it: pictures of control characters, and one character for those that no page may hold."""
    def show(c):
        if c < " ":
            return chr(0x2400 + ord(c))
        code = ord(c)
        return "\ufffd" if 0x7f <= code <= 0x9f or 0xfdd0 <= code <= 0xfdef or code & 0xfffe == 0xfffe else c
    return "".join(map(show, text))


class Page(html.parser.HTMLParser):
    """A parsed page: what it has that it should not have, what is not closed, and its texts."""
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.wrong, self.open, self.texts = [], [], []
        self.feed(text)
        self.close()
        if self.open:
            self.wrong.append(("open", self.open))

    def handle_starttag(self, tag, attributes):
        in_svg = "svg" in self.open
        if tag not in ELEMENTS:
            self.wrong.append((tag, attributes))
        for key, value in attributes:
            if not re.fullmatch(ATTRIBUTES.get(key, r"\b\B"), value or "", re.A):
                self.wrong.append((tag, key, value))
        if tag not in ("meta", "br"):
            self.open.append(tag)
        if in_svg and tag not in ("path", "text", "title"):
            self.wrong.append(("in svg", tag))

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(("end", tag))

    def handle_data(self, data):
        self.texts.append(data)

    def handle_comment(self, data):
        self.wrong.append(("comment", data))

    def handle_pi(self, data):
        self.wrong.append(("instruction", data))

    def unknown_decl(self, data):
        self.wrong.append(("declaration", data))


def hostile(random_source, most):
    """A text of at most so many bytes that tries to get out."""
    text = ""
    for _ in range(random_source.randint(1, 6)):
        more = text + random_source.choice(FRAGMENTS)
        if len(more.encode()) > most:
            break
        text = more
    return text or "<"


def hostile_names(source, count, most):
    names = set()
    while len(names) < count:
        names.add(hostile(source, most))
    return sorted(names)


def check_hostile(folder, source):
    """Tables whose column names, categories and texts are hostile: 1,000 of them, each found again as text."""
    for number in range(10):
        columns = hostile_names(source, 40, 63)
        categories = hostile_names(source, 60, 38)
        texts = hostile_names(source, 4, 63)
        parts = [f"(ARRAY[{', '.join(map(literal, categories[i * 6:i * 6 + 6]))}])[1 + (i + {i}) % 7 % 6]::text AS {name(columns[i])}"
                 for i in range(10)]
        parts += [f"sin(i * {i}) AS {name(columns[i])}" for i in range(10, 30)]
        parts += [f"i AS {name(columns[i])}" for i in range(30, 36)]
        parts += [f"{literal(texts[i - 36])} || repeat('<', i) AS {name(columns[i])}" for i in range(36, 40)]
        out, errors = psql(f"""
SET client_min_messages = error;
CREATE TABLE bad AS SELECT {', '.join(parts)} FROM generate_series(1, 300) i;
CREATE TABLE bad_model AS SELECT deepsad_train(b, NULL, '{{"members": 1, "epochs": 1, "pretrain_epochs": 1}}') AS model FROM bad b;
SELECT deepsad_report(model, b, {name(columns[10])} > 0.9) FROM bad_model, bad b GROUP BY model;
DROP TABLE bad, bad_model;
""")
        page = Page(out)
        text = "\n".join(page.texts)
        with open(f"{folder}/hostile{number}.html", "w", encoding="ascii", errors="replace") as file:
            file.write(out)
        check(f"hostile page {number}", not page.wrong and not errors and out, f"{page.wrong[:3]} {errors[:300]}")
        check(f"ASCII {number}", out.isascii())
        check(f"size {number}", len(out) < 1000000, len(out))
        for value in columns + categories:
            check(f"text of page {number}", shown(value) in text, repr(value))


def check_pictures(folder, source):
    """Rows with pictures, gray, of colors, large and with pixels that are missing or huge: drawn, and in a whole page."""
    columns = sorted(hostile_names(source, 4, 63))
    gray, colors, large, text = map(name, columns)
    plane = "(SELECT array_agg(line) FROM (SELECT array_agg(NULLIF((i * 7919 + y * 104729 + x * 1299709 + {0}) % 256, {0} % 256) ORDER BY x) AS line FROM " \
        "generate_series(1, {1}) x, generate_series(1, {2}) y GROUP BY y ORDER BY y) l)"
    out, errors = psql(f"""
SET client_min_messages = error;
CREATE TABLE seen AS SELECT {plane.format(1, 6, 8)}::float8[] AS {gray}, ARRAY[{', '.join(plane.format(i, 9, 7) for i in range(3))}] AS {colors},
	{plane.format(2, 90, 130)} AS {large}, {literal(columns[0])} || i % 3 AS {text} FROM generate_series(1, 60) i;
UPDATE seen SET {gray} = array_fill(1.7e308::float8, '{{8,6}}'), {colors} = array_fill(NULL::int, '{{3,7,9}}') WHERE {gray}[1][1] > 200;
CREATE TABLE seen_model AS SELECT deepsad_train(s, NULL, '{{"members": 1, "epochs": 1, "pretrain_epochs": 0, "hidden": [4], "latent": 2}}') AS model FROM seen s;
SELECT deepsad_report(model, s, {gray}[1][1] > 100) FROM seen_model, seen s GROUP BY model;
DROP TABLE seen, seen_model;
""")
    page = Page(out)
    with open(f"{folder}/pictures.html", "w", encoding="ascii", errors="replace") as file:
        file.write(out)
    check("page of pictures", not page.wrong and not errors and out, f"{page.wrong[:3]} {errors[:300]}")
    check("pictures are drawn", out.count('class="pixels"') >= 33, out.count('class="pixels"'))
    check("size of the page of pictures", 50000 < len(out) < 1000000, len(out))
    for value in columns:
        check("text of the page of pictures", shown(value)[:40] in "\n".join(page.texts), repr(value))


def crc32c(data):
    """The checksum of a model's bytes."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


TABLE = []
for entry in range(256):
    for _ in range(8):
        entry = entry >> 1 ^ (0x82F63B78 if entry & 1 else 0)
    TABLE.append(entry)


def check_forged(source, count):
    """Models with changed bytes and a right checksum: a page or an error, never a crash, and the page is whole."""
    setup = """
SET client_min_messages = error;
CREATE TABLE forging AS SELECT i AS id, sin(i) AS a, 'k' || i % 3 AS k, i % 2 = 0 AS b, CASE WHEN i % 5 > 0 THEN cos(i) END AS g,
	timestamp '2026-01-01' + i * interval '3 hours' AS t, i % 20 = 0 AS bad FROM generate_series(1, 120) i;
SELECT encode(deepsad_train(f, bad, '{"members": 2, "epochs": 2, "pretrain_epochs": 1, "hidden": [3], "latent": 2, "validation": 0.2}'), 'hex') FROM forging f;
"""
    out, errors = psql(setup)
    model = bytes.fromhex(out.strip())
    statements = ["SET client_min_messages = error; SET statement_timeout = '20s';"]
    for _ in range(count):
        forged = bytearray(model)
        for _ in range(source.choice((1, 1, 2, 8))):
            at = source.randrange(16, len(forged))
            forged[at] = source.choice((0, 1, 0x7f, 0x80, 0xff, 0xf0, source.randrange(256)))
        forged[12:16] = crc32c(bytes(forged[16:])).to_bytes(4, "little")
        value = f"'\\x{bytes(forged).hex()}'::bytea"
        statements.append(f"SELECT 'page', deepsad_report({value});")
        statements.append(f"SELECT 'page', deepsad_report({value}, f, bad) FROM forging f;")
    out, errors = psql("\n".join(statements + ["DROP TABLE forging;", "SELECT 'alive';"]))
    states = re.findall(r"ERROR:\s+(\S+)", errors)
    check("forged models: the server goes on", out.rstrip().endswith("alive"), errors[-300:])
    check("forged models: no internal error", not re.search(r"ERROR:\s+XX|FATAL|PANIC", errors), sorted(set(states)))
    pages = out.split("page|")[1:]
    check("forged models: some are read, some refused", pages and states, (len(pages), len(states)))
    for page in pages:
        parsed = Page(page.removesuffix("alive\n"))
        check("forged model's page", not parsed.wrong and len(page) < 1000000, (parsed.wrong[:3], len(page)))


def main():
    folder = sys.argv[1]
    source = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    check_hostile(folder, source)
    check_pictures(folder, source)
    check_forged(source, 500)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0 or passed == 0)


main()
