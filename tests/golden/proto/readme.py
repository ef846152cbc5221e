"""Checks proto/README.md against what it describes: the table of categories against taxonomy.h, the table of limits against
limits.h, and the bytes of its worked example against the golden corpus."""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
PROTO = HERE.parents[2] / "proto"
readme = (PROTO / "README.md").read_text()
wrong = []


def rows(pattern, text):
    return [tuple(part.strip() for part in match) for match in re.findall(pattern, text, re.M)]


categories = rows(r'X\([A-Z0-9_]+, "([^"]+)", ([A-Z]+), "([^"]+)", "[^"]+"\)', (PROTO / "taxonomy.h").read_text())
expected = [(name, role.lower(), one) for name, role, one in categories]
found = rows(r"^\| `([a-z0-9_.]+\.[a-z0-9_.]+)` \| (\w+) \| ([^|]+) \|$", readme)
if not expected or found != expected:
    wrong.append(f"categories differ: {set(expected) ^ set(found) or 'in their order'}")


def number(text):
    text = re.sub(r"/\*.*", "", text).strip()
    if not re.fullmatch(r"[-()0-9.uL* ]+", text):
        return None
    return eval(re.sub(r"[uL]", "", text))  # digits and signs only, as matched above


for name, text in re.findall(r"^#define LIMIT_(\w+)\s+(.*)$", (PROTO / "limits.h").read_text(), re.M):
    value = number(text)
    if value is None:
        continue
    match = re.search(rf"^\| `{name}` \| ([-0-9.,]+) \|", readme, re.M)
    if match is None or float(match[1].replace(",", "")) != value:
        wrong.append(f"limit {name} is {value}, the table says {match[1] if match else 'nothing'}")

examples = re.findall(r"^`([a-z_/]+)\.bin`.*\n+```\n([0-9a-f \n]+)```", readme, re.M)
for name, digits in examples:
    if bytes.fromhex(digits) != (HERE / f"{name}.bin").read_bytes():
        wrong.append(f"{name}.bin has other bytes")
if len(examples) < 6:
    wrong.append(f"{len(examples)} worked examples, expected 6 or more")

print("\n".join(wrong) or f"{len(found)} categories and {len(examples)} examples are right")
sys.exit(1 if wrong else 0)
