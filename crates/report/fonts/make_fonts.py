"""Cuts the fonts of the PDF reports down to the characters that reports use.

    python make_fonts.py NotoSansCJK-Regular.ttc NotoSansCJK-Bold.ttc

The sources are those of Debian's package fonts-noto-cjk (1:20220127+repack1-1), under the SIL Open Font License 1.1
(OFL.txt). Kept are the characters of the catalogues (../text/*.ftl) and of Latin text: identifiers, file names, notes.
Needs fontTools. The same sources and catalogues give the same bytes.
"""

import pathlib
import sys

from fontTools import subset
from fontTools.ttLib import TTCollection

HERE = pathlib.Path(__file__).parent
FAMILY = "Noto Sans CJK SC"
LATIN = [*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x391, 0x3CA)]
SIGNS = "–—‘’“”…‰′″←→−≤≥≈×□•·％，。、；：（）《》「」！？·期相乳腺癌左右患者"


def family(font):
    return font["name"].getDebugName(1)


def cut(source, weight):
    collection = TTCollection(source)
    font = next(f for f in collection.fonts if family(f).startswith(FAMILY))
    text = "".join(p.read_text(encoding="utf-8") for p in sorted((HERE / "../text").glob("*.ftl")))
    wanted = {ord(c) for c in text + SIGNS if c >= " "} | set(LATIN)
    options = subset.Options()
    options.layout_features = ["kern"]
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.name_languages = [0x409]
    options.hinting = False
    options.desubroutinize = True
    options.drop_tables += ["vhea", "vmtx", "VORG", "BASE", "DSIG", "GSUB"]
    options.notdef_outline = True
    font.recalcTimestamp = False
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=wanted)
    cutter.subset(font)
    font.flavor = None
    path = HERE / f"NotoSansCJKsc-{weight}-subset.otf"
    font.save(path, reorderTables=True)
    print(path.name, path.stat().st_size, "bytes,", len(font.getBestCmap()), "characters")


cut(sys.argv[1], "Regular")
cut(sys.argv[2], "Bold")
