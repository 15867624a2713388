"""Well-known drugs: class, mechanism and usual tablet strengths. Train and test never share one.

Facts of any pharmacology textbook; strengths are marketed oral strengths.
"""

from __future__ import annotations

from dataclasses import dataclass

from meds3.problems.gym.draft import Split


@dataclass(frozen=True)
class Drug:
    """`klass` and `target` are table columns; `doses` are tablet or capsule strengths."""

    name: str
    klass: str
    target: str
    doses: tuple[str, ...]


_ACE = ("ACE inhibitor", "angiotensin-converting enzyme")
_ARB = ("angiotensin receptor blocker", "angiotensin II type 1 receptor")
_BETA = ("beta blocker", "beta-adrenergic receptor")
_CCB = ("calcium channel blocker", "L-type calcium channel")
_STATIN = ("statin", "HMG-CoA reductase")
_PPI = ("proton pump inhibitor", "gastric proton pump")
_H2 = ("H2 blocker", "histamine H2 receptor")
_SSRI = ("SSRI antidepressant", "serotonin transporter")
_LOOP = ("loop diuretic", "sodium-potassium-chloride cotransporter")
_THIAZIDE = ("thiazide diuretic", "sodium-chloride cotransporter")
_SU = ("sulfonylurea", "pancreatic potassium channel")
_DPP4 = ("DPP-4 inhibitor", "dipeptidyl peptidase 4")
_SGLT2 = ("SGLT2 inhibitor", "sodium-glucose cotransporter 2")
_XA = ("factor Xa inhibitor", "coagulation factor Xa")
_AZOLE = ("azole antifungal", "lanosterol demethylase")
_QUINOLONE = ("fluoroquinolone", "bacterial DNA gyrase")
_H1 = ("H1 antihistamine", "histamine H1 receptor")
_BENZO = ("benzodiazepine", "GABA-A receptor")
_TRIPTAN = ("triptan", "serotonin 5-HT1B/1D receptor")

_ROWS: dict[Split, tuple[tuple[str, tuple[str, str], tuple[int | float, ...]], ...]] = {
    "train": (
        ("enalapril", _ACE, (5, 10, 20)),
        ("ramipril", _ACE, (2.5, 5, 10)),
        ("captopril", _ACE, (12.5, 25, 50)),
        ("losartan", _ARB, (25, 50, 100)),
        ("valsartan", _ARB, (40, 80, 160)),
        ("metoprolol", _BETA, (25, 50, 100)),
        ("atenolol", _BETA, (25, 50, 100)),
        ("propranolol", _BETA, (10, 40, 80)),
        ("amlodipine", _CCB, (5, 10)),
        ("nifedipine", _CCB, (10, 20, 30)),
        ("simvastatin", _STATIN, (10, 20, 40)),
        ("atorvastatin", _STATIN, (10, 20, 40, 80)),
        ("omeprazole", _PPI, (10, 20, 40)),
        ("lansoprazole", _PPI, (15, 30)),
        ("famotidine", _H2, (20, 40)),
        ("fluoxetine", _SSRI, (10, 20, 40)),
        ("sertraline", _SSRI, (25, 50, 100)),
        ("furosemide", _LOOP, (20, 40, 80)),
        ("chlorthalidone", _THIAZIDE, (25, 50)),
        ("glipizide", _SU, (5, 10)),
        ("glimepiride", _SU, (1, 2, 4)),
        ("sitagliptin", _DPP4, (25, 50, 100)),
        ("empagliflozin", _SGLT2, (10, 25)),
        ("rivaroxaban", _XA, (10, 15, 20)),
        ("fluconazole", _AZOLE, (50, 100, 150, 200)),
        ("ciprofloxacin", _QUINOLONE, (250, 500, 750)),
        ("cetirizine", _H1, (5, 10)),
        ("diazepam", _BENZO, (2, 5, 10)),
        ("sumatriptan", _TRIPTAN, (25, 50, 100)),
    ),
    "test": (
        ("lisinopril", _ACE, (5, 10, 20, 40)),
        ("perindopril", _ACE, (2, 4, 8)),
        ("candesartan", _ARB, (4, 8, 16, 32)),
        ("bisoprolol", _BETA, (5, 10)),
        ("nadolol", _BETA, (20, 40, 80)),
        ("felodipine", _CCB, (2.5, 5, 10)),
        ("rosuvastatin", _STATIN, (5, 10, 20, 40)),
        ("pravastatin", _STATIN, (10, 20, 40, 80)),
        ("pantoprazole", _PPI, (20, 40)),
        ("nizatidine", _H2, (150, 300)),
        ("citalopram", _SSRI, (10, 20, 40)),
        ("torsemide", _LOOP, (5, 10, 20, 100)),
        ("hydrochlorothiazide", _THIAZIDE, (12.5, 25, 50)),
        ("glyburide", _SU, (2.5, 5)),
        ("linagliptin", _DPP4, (5,)),
        ("dapagliflozin", _SGLT2, (5, 10)),
        ("apixaban", _XA, (2.5, 5)),
        ("itraconazole", _AZOLE, (100,)),
        ("levofloxacin", _QUINOLONE, (250, 500, 750)),
        ("loratadine", _H1, (10,)),
        ("lorazepam", _BENZO, (0.5, 1, 2)),
        ("rizatriptan", _TRIPTAN, (5, 10)),
    ),
}

DRUGS: dict[Split, tuple[Drug, ...]] = {
    split: tuple(
        Drug(name, klass, target, tuple(f"{dose:g} mg" for dose in doses))
        for name, (klass, target), doses in rows
    )
    for split, rows in _ROWS.items()
}
