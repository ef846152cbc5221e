#!/usr/bin/python3
"""The one law of includes: agents/, correlator/ and sink/ never include each other; all three may include proto/, bus/ and
base/; bus/ may include proto/ and base/; proto/ base/; base/ nobody; cli/ all; nothing includes tests/. And what drivers
and stores are for, they alone include."""

import pathlib
import re
import sys

MAY_INCLUDE = {
    "base": {"base"},
    "proto": {"proto", "base"},
    "bus": {"bus", "proto", "base"},
    "agents": {"agents", "bus", "proto", "base"},
    "correlator": {"correlator", "bus", "proto", "base"},
    "sink": {"sink", "bus", "proto", "base"},
    "cli": {"cli", "agents", "correlator", "sink", "bus", "proto", "base"},
}
# Header of a library → the only folders that may include it.
ONLY_IN = {
    r"zmq\.h": ("bus/drivers/",),
    r"sqlite3\.h": ("sink/stores/geopackage/",),
    r"curl/.*": ("sink/alerts/", "cli/ask.c"),
    r"archive(_entry)?\.h": ("agents/",),
    r"csv\.h": ("agents/",),
    r"yaml\.h": ("base/",),
    r"glib.*\.h": ("base/",),
    r".*\.pb-c\.h": ("proto/",),
    r"libsmartcols/.*": ("cli/",),
    r"microhttpd\.h": ("base/monitor/",),
    r"seccomp\.h": ("base/service/",),
}
# The pure engine: nothing but the ground floor's types and the words of the language.
ENGINE_MAY_NOT = re.compile(r"uv\.h|pb-c\.h|base/(log|clock|config)\.h|bus/|time\.h|stdio\.h|pthread\.h")

root = pathlib.Path(__file__).resolve().parent.parent
wrong = []
seen = 0
for room, allowed in MAY_INCLUDE.items():
    for file in sorted((root / room).rglob("*.[ch]")):
        name = file.relative_to(root).as_posix()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            match = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
            if not match:
                continue
            seen += 1
            quote, header = match.groups()
            first = header.split("/")[0]
            if quote == '"' and "/" in header and first not in allowed and not header.endswith(".pb-c.h"):
                wrong.append(f"{name}:{number}: {room}/ may not include {header}")
            if quote == '"' and "/" not in header and not header.endswith(".pb-c.h"):
                wrong.append(f"{name}:{number}: includes start at the project's root, found {header}")
            for pattern, folders in ONLY_IN.items():
                if re.fullmatch(pattern, header) and not name.startswith(folders):
                    wrong.append(f"{name}:{number}: only {', '.join(folders)} may include {header}")
            if name.startswith("correlator/engine/") and ENGINE_MAY_NOT.search(header):
                wrong.append(f"{name}:{number}: the engine is pure, it may not include {header}")
for complaint in wrong:
    print(complaint)
if seen == 0:
    print("no #include line was read: is this the project's root?")
sys.exit(1 if wrong or seen == 0 else 0)
