"""The rule for the TCGA-BRCA table written down a second time, in pandas and without any code of the crate.

Run: python generate.py TABLE > tcga_counts.json   (TABLE is clinical_patient_brca.txt; needs pandas)

Only words and scores are used, not the counts: with `status_against_counts = "status"` the counts decide only where the
table has no FISH status and no other way to tell.
"""

import json
import sys

import pandas as pd

table = pd.read_csv(sys.argv[1], sep="\t", skiprows=[1, 2], dtype=str, keep_default_na=False, quoting=3)
SCORE_OF = {"Negative": {"0", "1+"}, "Equivocal": {"2+"}, "Positive": {"3+"}}


def classes(score, fish):
    """Every class that a score allows with this FISH."""
    if score == "2+":
        return {"Positive": "positive", "Negative": "low"}.get(fish, "indeterminate")
    return {"0": "zero", "1+": "low", "3+": "positive"}[score]


def label(row):
    score, status, fish = row.her2_ihc_score, row.her2_status_by_ihc, row.her2_fish_status
    ratio = pd.to_numeric(row.her2_cent17_ratio, errors="coerce")
    copies = pd.to_numeric(row.her2_copy_number, errors="coerce")
    if fish not in ("Positive", "Negative", "Equivocal", "Indeterminate"):
        # Without a status: the ratio, or copies that can be a mean (groups as ASCO/CAP 2018).
        fish = None
        if pd.notna(ratio):
            fish = "Positive" if ratio >= 2 else "Negative"
            assert not (pd.notna(copies) and copies <= 40), "work out the group by hand"
        elif pd.notna(copies) and copies <= 40:
            fish = "Positive" if copies >= 6 else "Negative" if copies < 4 else "Equivocal"
    if score in ("0", "1+", "2+", "3+"):
        allowed = SCORE_OF.get(status)
        if allowed and score not in allowed and not (score == "2+" and fish in ("Positive", "Negative")):
            both = {classes(score, fish), classes("2+", fish)}
            sure = status == "Equivocal" and fish in ("Positive", "Negative") and len(both) == 1
            return both.pop() if sure else "indeterminate"
        if score in ("0", "1+") and fish == "Positive":
            return "indeterminate"
        return classes(score, fish)
    if fish == "Positive":
        return "indeterminate" if status == "Negative" else "positive"
    if status == "Positive":
        return "indeterminate" if fish == "Negative" else "positive"
    if status == "Equivocal" and fish == "Negative":
        return "low"
    return "indeterminate"


labels = table.apply(label, axis=1)
assert table.bcr_patient_barcode.is_unique
counts = {c: int((labels == c).sum()) for c in ("zero", "low", "positive", "indeterminate")}
# A checksum over the patients, so that not only the counts agree: place in the table times the class.
order = {"zero": 1, "low": 2, "positive": 3, "indeterminate": 4}
counts["weighted"] = int(sum((n % 97 + 1) * order[c] for n, c in enumerate(labels)))
json.dump(counts, sys.stdout)
print()
