"""Spreadsheet files as headless LibreOffice reads them: cell by cell, with the type that it gave each one."""

import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

NAMES = {
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
}


def name(text):
    prefix, local = text.split(":")
    return "{%s}%s" % (NAMES[prefix], local)


# What a double click does, at its worst: numbers and dates of every kind are recognised, in quotes or not, and formulas
# are calculated. Between the delimiter and the language: quote, encoding, first line, columns.
CSV_FILTER = "Text - txt - csv (StarCalc):{delimiter},34,{encoding},1,,{language},false,true,false,false,false,0,true"
LANGUAGES = {"fr": 1036, "de": 1031, "uk": 2057, "us": 1033, "iso": 1033}
UTF_8, WINDOWS_1252 = 76, 1


class Office:
    def __init__(self, program, scratch):
        self.program, self.scratch, self.opened = program, Path(scratch), 0

    def open(self, files, filter=None):
        """The sheets of each file, by its stem: lists of rows of cells."""
        self.opened += 1
        folder = self.scratch / f"opened-{self.opened}"
        command = [self.program, f"-env:UserInstallation={(self.scratch / 'office').as_uri()}", "--headless"]
        if filter:
            command.append(f"--infilter={filter}")
        command += ["--convert-to", "fods", "--outdir", str(folder), *map(str, files)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        opened = {file.stem: folder / f"{file.stem}.fods" for file in map(Path, files)}
        if not all(path.exists() for path in opened.values()):
            raise SystemExit(f"LibreOffice opened nothing:\n{done.stdout}\n{done.stderr}")
        return {stem: sheets(path) for stem, path in opened.items()}

    def open_csv(self, files, profile, dialect):
        language = LANGUAGES[profile.removesuffix("-legacy")]
        encoding = WINDOWS_1252 if dialect.encoding == "cp1252" else UTF_8
        found = self.open(files, CSV_FILTER.format(delimiter=ord(dialect.delimiter), encoding=encoding, language=language))
        return {stem: next(iter(sheets.values())) for stem, sheets in found.items()}


class Cell:
    """`kind`: what LibreOffice takes it for; `value`: the number or date behind it; `text`: what it shows."""

    def __init__(self, element):
        self.kind = element.get(name("office:value-type"))
        self.value = element.get(name("office:date-value")) or element.get(name("office:value"))
        self.formula = element.get(name("table:formula"))
        self.text = "\n".join(map(shown, element.findall(name("text:p"))))


def shown(element):
    """The text of a paragraph; spaces and tabs are elements."""
    parts = [element.text or ""]
    for child in element:
        if child.tag == name("text:s"):
            parts.append(" " * int(child.get(name("text:c"), 1)))
        elif child.tag == name("text:tab"):
            parts.append("\t")
        elif child.tag == name("text:line-break"):
            parts.append("\n")
        else:
            parts.append(shown(child))
        parts.append(child.tail or "")
    return "".join(parts)


EMPTY = Cell(ElementTree.Element("none"))


def sheets(path):
    return {table.get(name("table:name")): rows(table) for table in ElementTree.parse(path).iter(name("table:table"))}


def rows(table):
    found = []
    for row in table.iter(name("table:table-row")):
        cells = []
        for element in row:
            if element.tag not in (name("table:table-cell"), name("table:covered-table-cell")):
                continue
            cell = Cell(element)
            # Empty cells go on to the sheet's edge.
            times = int(element.get(name("table:number-columns-repeated"), 1))
            cells += [cell] * (times if cell.kind else min(times, 64))
        while cells and not cells[-1].kind:
            cells.pop()
        times = int(row.get(name("table:number-rows-repeated"), 1))
        found += [cells] * (times if cells else min(times, 64))
    while found and not found[-1]:
        found.pop()
    return found
