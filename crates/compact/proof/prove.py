"""Is the compact encoder worth having? Prints the figures of ../CARD.md.

    python prove.py TRIHER WORK [--reference DATA] [--weights FILE]

TRIHER is the program, WORK a folder for what is made on the way (it is taken up when it is there), DATA the folder of the reference data (bl4as,
tcga-ao-a03m), FILE other weights than those that ship. Everything but the probes is done by the program itself: the cohort is simulated, its patches are cut
and embedded, the random network is one that pretraining starts from, the supervised one is trained by `triher finetune`. The probes are
scikit-learn's. Needs requirements.txt; seeds are fixed.
"""

import argparse
import csv
import json
import os
import subprocess
from pathlib import Path

import nibabel as nib
import numpy as np
from safetensors.numpy import load_file
from scipy.ndimage import rotate, shift
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent
CENTRES = ["delta", "epsilon", "zeta"]
INPUTS = ["C2", "C2-C0", "C5-C2"]
CLASSES = ["low", "positive", "zero"]


def triher(*arguments):
    run = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(f"triher {' '.join(map(str, arguments))}\n{run.stderr}")
    return run.stdout


def voxels(path):
    """Voxels of a file, copied: nibabel maps the file, and files of one name are written again and again here."""
    return np.array(nib.load(path).dataobj, dtype=np.float32)


def cohort():
    folder = WORK / "cohort"
    if not (folder / "labels.csv").exists():
        triher("simulate", "--spec", HERE / "centres.toml", "--format", "nifti", "--out", folder)
        triher("label", folder / "clinical.csv", "--columns", folder / "columns.toml", "--out", folder / "labels.csv")
    return folder


def patients(folder):
    for centre in CENTRES:
        with open(folder / f"patients-{centre}.csv") as file:
            yield from csv.DictReader(file)


def beside(folder):
    """The mask of each patient moved to a place of the same breast that the lesion does not touch: bright before contrast, as pretraining does."""
    random = np.random.default_rng(7)
    table = {centre: [] for centre in CENTRES}
    (folder / "beside").mkdir(exist_ok=True)
    for row in patients(folder):
        mask = nib.load(folder / row["mask"])
        inside = np.asarray(mask.dataobj) > 0
        before = voxels(sorted((folder / row["images"]).iterdir())[0])
        low, high = (f(np.argwhere(inside), axis=0) for f in (np.min, np.max))
        extent = high - low + 1
        best = None
        for _ in range(40):
            start = random.integers(0, np.array(inside.shape) - extent + 1)
            if all(start + extent > low) and all(start <= high):
                continue
            window = tuple(slice(s, s + e) for s, e in zip(start, extent))
            signal = before[window].mean()
            if best is None or signal > best[0]:
                best = (signal, start)
        moved = np.roll(inside, best[1] - low, axis=(0, 1, 2))
        path = folder / "beside" / f"{row['patient_id']}.nii.gz"
        nib.save(nib.Nifti1Image(moved.astype(np.uint8), mask.affine), path)
        table[row["centre"]].append({**row, "mask": f"beside/{path.name}"})
    for centre, rows in table.items():
        with open(folder / f"beside-{centre}.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)


def embeddings(folder, name, weights, table="patients"):
    """Class tokens [patient, input x width] of all centres, in the order of the tables."""
    rows = []
    for centre in CENTRES:
        out = folder / f"{name}-{table}-{centre}.csv"
        if not out.exists():
            recipe = folder / f"{name}-{table}-{centre}.toml"
            lines = [f'name = "{centre}"', f'patients = "{table}-{centre}.csv"', f'output = "{out.name}"']
            lines += ["[features]", "kinetics = false", "first_order = false", "[features.embedding]", 'profile = "bl4as"']
            lines += [f'weights = "{Path(weights).resolve()}"'] if weights else []
            recipe.write_text("\n".join(lines) + "\n")
            triher("extract", recipe)
        with open(out) as file:
            table_rows = list(csv.DictReader(file))
        columns = [c for c in table_rows[0] if c.startswith("emb_")]
        found = {r["patient_id"]: [float(r[c]) for c in columns] for r in table_rows}
        with open(folder / f"{table}-{centre}.csv") as file:
            rows += [found[r["patient_id"]] for r in csv.DictReader(file)]
    return np.array(rows)


def crops(folder):
    """Normalised patches [patient, input, z, y, x] of all centres."""
    store = WORK / "crops.npy"
    if store.exists():
        return np.load(store)
    patches = []
    for row in patients(folder):
        phases = sorted((folder / row["images"]).iterdir())
        cut = {}
        for phase in (0, 2, 5):
            out = WORK / "crop.nii"
            triher("crop", "--profile", "bl4as", "--image", phases[phase], "--mask", folder / row["mask"],
                   "--out-image", out, "--out-mask", WORK / "crop-mask.nii")
            cut[phase] = voxels(out).transpose(2, 1, 0)
        patch = np.stack([cut[2], cut[2] - cut[0], cut[5] - cut[2]])
        patch -= patch.mean((1, 2, 3), keepdims=True)
        patches.append(patch / (patch.std((1, 2, 3), ddof=1, keepdims=True) + 1e-8))
    patches = np.stack(patches).astype(np.float16)
    np.save(store, patches)
    return patches


def random_weights():
    """The network that pretraining starts from: one step at a rate that moves nothing."""
    out = WORK / "random" / "random.safetensors"
    if not out.exists():
        out.parent.mkdir(exist_ok=True)
        config = WORK / "random.toml"
        config.write_text(
            'method = "mae"\nout = "random/random.safetensors"\nsteps = 1\nbatch = 2\nseed = 5\n'
            "[optimiser]\nlearning_rate = 1e-9\nwarm_up = 0\nweight_decay = 0.0\n[source.simulated]\npatients = 1\n")
        triher("pretrain", config)
    return out


def supervised(folder, patches, labels, train, name):
    """A network of the same size that learns from the training patients' patches alone, from the same start: probabilities of all patients."""
    out = WORK / name / "weights.safetensors"
    if not out.exists():
        (WORK / name).mkdir(exist_ok=True)
        with open(WORK / name / "samples.csv", "w") as file:
            file.write("file,patient_id,class\n")
            for at in np.flatnonzero(train):
                for number in range(3):
                    np.save(WORK / name / f"{at}-{number}.npy", patches[at, number].astype(np.float32))
                    file.write(f"{at}-{number}.npy,{at},{labels[at]}\n")
        config = WORK / f"{name}.toml"
        config.write_text(
            f'samples = "{name}/samples.csv"\nout = "{name}/weights.safetensors"\nclasses = {json.dumps(CLASSES)}\n'
            f'weights = "random/random.safetensors"\n[training]\ndepth = "all"\nepochs = 10\nlayer_decay = 1.0\nseed = 1\n[training.optimiser]\nlearning_rate = 3e-4\nwarm_up = 100\n')
        triher("finetune", config)
    tensors = load_file(out)
    tokens = embeddings(folder, name, out).reshape(len(labels), 3, -1)
    logits = tokens @ tensors["head.weight"].astype(np.float64).T + tensors["head.bias"]
    odds = np.exp(logits - logits.max(-1, keepdims=True))
    # The three inputs of a patient are three opinions: their mean.
    return (odds / odds.sum(-1, keepdims=True)).mean(1)


def auc(labels, probabilities):
    return roc_auc_score(labels, probabilities, multi_class="ovr", average="macro", labels=CLASSES)


def probe(features, labels, train):
    """Multinomial logistic regression on standardised features; the penalty is chosen on the training centres only, each left out once."""
    best = None
    for c in (1e-4, 1e-3, 1e-2, 1e-1):
        scores = []
        for held in set(CENTRE[train]):
            inner = train & (CENTRE != held)
            model = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=5000)).fit(features[inner], labels[inner])
            test = train & (CENTRE == held)
            scores.append(auc(labels[test], model.predict_proba(features[test])))
        if best is None or np.mean(scores) > best[0]:
            best = (np.mean(scores), c)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=best[1], max_iter=5000)).fit(features[train], labels[train])
    return model.predict_proba(features)


def icc_1_1(values):
    """ICC(1,1) of [subject, repetition] (Shrout and Fleiss, 1979)."""
    n, k = values.shape
    means = values.mean(1)
    between = k * ((means - values.mean()) ** 2).sum() / (n - 1)
    within = ((values - means[:, None]) ** 2).sum() / (n * (k - 1))
    return (between - within) / (between + (k - 1) * within)


def perturbed(patch, random):
    """A patch and changed ones: moved by up to 2 voxels, turned by up to 10 degrees, with noise of a tenth of its deviation."""
    yield patch
    for _ in range(4):
        yield shift(patch, random.uniform(-2, 2, 3), order=1, mode="nearest")
    for axes in ((0, 1), (0, 2), (1, 2)):
        yield rotate(patch, random.uniform(-10, 10), axes=axes, reshape=False, order=1, mode="nearest")
    for _ in range(3):
        yield patch + random.normal(0, 0.1 * patch.std(), patch.shape)


def embed_arrays(arrays, weights):
    """Class tokens of patches that are cut already: through the program, a file each, the whole file as the lesion's box."""
    tokens = []
    image, mask, out = WORK / "patch.nii", WORK / "box.nii", WORK / "patch.csv"
    nib.save(nib.Nifti1Image(np.ones((48, 48, 48), np.uint8), np.eye(4)), mask)
    for array in arrays:
        nib.save(nib.Nifti1Image(array.transpose(2, 1, 0).astype(np.float32), np.eye(4)), image)
        triher("embed", "--profile", "bl4as", "--image", image, "--mask", mask, "--out", out, *(["--weights", weights] if weights else []))
        with open(out) as file:
            tokens.append([float(v) for v in list(csv.reader(file))[1][2:]])
    return np.array(tokens)


def tcga(reference):
    """Lesion and background patches of the one real breast: [kind, place, input, z, y, x]. The lesion's box is the published place."""
    folder = reference / "tcga-ao-a03m"
    phases = [voxels(p) for p in [*folder.glob("pre.nii*"), *sorted(folder.glob("post?.nii*"))]]
    affine = nib.load(next(folder.glob("pre.nii*"))).affine
    box = np.array([[110, 141, 22], [129, 167, 29]])
    random = np.random.default_rng(11)
    low, extent = box[0], box[1] - box[0]
    places = {"lesion": [low + random.integers(-2, 3, 3) * [1, 1, 0] for _ in range(20)], "background": []}
    bright = np.percentile(phases[0], 60)
    while len(places["background"]) < 60:
        start = random.integers(0, np.array(phases[0].shape) - extent)
        window = tuple(slice(s, s + e) for s, e in zip(start, extent))
        apart = any(start + extent <= low) or any(start >= low + extent)
        if apart and phases[0][window].mean() > bright:
            places["background"].append(start)
    image, mask = WORK / "phase.nii", WORK / "place.nii"
    patches = {}
    for kind, starts in places.items():
        patches[kind] = []
        for start in starts:
            inside = np.zeros(phases[0].shape, np.uint8)
            inside[tuple(slice(s, s + e) for s, e in zip(start, extent))] = 1
            nib.save(nib.Nifti1Image(inside, affine), mask)
            cut = {}
            for phase in (0, 2, 5):
                nib.save(nib.Nifti1Image(phases[phase], affine), image)
                triher("crop", "--profile", "bl4as", "--image", image, "--mask", mask, "--out-image", WORK / "c.nii", "--out-mask", WORK / "m.nii")
                cut[phase] = voxels(WORK / "c.nii").transpose(2, 1, 0)
            patches[kind].append([cut[2], cut[2] - cut[0], cut[5] - cut[2]])
    return {kind: np.array(p) for kind, p in patches.items()}


def main():
    folder = cohort()
    if not (folder / "beside-zeta.csv").exists():
        beside(folder)
    rows = list(patients(folder))
    with open(folder / "labels.csv") as file:
        classes = {r["patient_id"]: r["class"] for r in csv.DictReader(file)}
    labels = np.array([classes[r["patient_id"]] for r in rows])
    global CENTRE
    CENTRE = np.array([r["centre"] for r in rows])
    patches = crops(folder)
    random = random_weights()
    ours, start = embeddings(folder, ARGUMENTS.name, ARGUMENTS.weights), embeddings(folder, "random", random)
    small = patches.reshape(len(labels), 3, 24, 2, 24, 2, 24, 2).astype(np.float32).mean((3, 5, 7)).reshape(len(labels), -1)

    print(f"HER2 class of {len(labels)} simulated patients, macro AUC at the centre that was left out (trained on the other two):")
    print(f"{'':34}" + "".join(f"{c:>10}" for c in CENTRES) + f"{'mean':>10}")
    methods = {"this encoder, linear probe": lambda train: probe(ours, labels, train),
               "random weights, linear probe": lambda train: probe(start, labels, train)}
    for components in (16, 64):
        methods[f"PCA of the voxels ({components}), linear probe"] = lambda train, n=components: probe(
            PCA(n, random_state=0).fit(small[train]).transform(small), labels, train)
    if not ARGUMENTS.no_supervised:
        methods["supervised, the same labels"] = lambda train: supervised(
            folder, patches, labels, train, "supervised-without-" + "".join(set(CENTRES) - set(CENTRE[train])))
    for name, method in methods.items():
        scores = [auc(labels[CENTRE == held], method(CENTRE != held)[CENTRE == held]) for held in CENTRES]
        print(f"{name:34}" + "".join(f"{s:10.3f}" for s in [*scores, np.mean(scores)]), flush=True)

    away = embeddings(folder, ARGUMENTS.name, ARGUMENTS.weights, "beside")
    both, is_lesion = np.vstack([ours, away]), np.repeat([1, 0], len(labels))
    scores = []
    for held in CENTRES:
        train = np.tile(CENTRE != held, 2)
        model = make_pipeline(StandardScaler(), LogisticRegression(C=1e-3, max_iter=5000)).fit(both[train], is_lesion[train])
        scores.append(roc_auc_score(is_lesion[~train], model.decision_function(both[~train])))
    print(f"{'lesion or a place beside it (AUC)':34}" + "".join(f"{s:10.3f}" for s in [*scores, np.mean(scores)]))

    reference = ARGUMENTS.reference
    if reference is None or not reference.exists():
        print("real lesions: skipped, reference data not present")
        return
    random = np.random.default_rng(3)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1e-3, max_iter=5000)).fit(both, is_lesion)
    real = tcga(reference)
    told = {kind: model.decision_function(embed_arrays(p.reshape(-1, 48, 48, 48), ARGUMENTS.weights).reshape(len(p), -1)) for kind, p in real.items()}
    truth = np.repeat([1, 0], [len(told["lesion"]), len(told["background"])])
    print(f"tcga-ao-a03m, lesion (20 boxes drawn anew) or background (60 places), probe of the simulated cohort: AUC "
          f"{roc_auc_score(truth, np.concatenate([told['lesion'], told['background']])):.3f}")
    subjects = [voxels(p).transpose(2, 1, 0)
                for patient in ("P1", "P2", "P3") for name in INPUTS
                for p in (reference / "bl4as" / patient).glob(f"roi48_{name}.nii*")]
    subjects += list(real["lesion"][0])
    changed = np.array([embed_arrays(perturbed(s, random), ARGUMENTS.weights) for s in subjects])
    for kind, which in {"shifts": [0, 1, 2, 3, 4], "rotations": [0, 5, 6, 7], "noise": [0, 8, 9, 10]}.items():
        icc = np.array([icc_1_1(changed[:, which, f]) for f in range(changed.shape[2])])
        print(f"bl4as and tcga-ao-a03m ({len(subjects)} patches), {kind}: ICC(1,1) median {np.median(icc):.3f}, "
              f"lower quartile {np.percentile(icc, 25):.3f}, share of features above 0.75 {np.mean(icc > 0.75):.2f}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("triher", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--reference", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--name", default="ours", help="name of the weights' tables in WORK")
    parser.add_argument("--no-supervised", action="store_true")
    ARGUMENTS = parser.parse_args()
    PROGRAM, WORK = str(ARGUMENTS.triher.resolve()), ARGUMENTS.work.resolve()
    WORK.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("TRIHER_CACHE", str(WORK / "cache"))
    main()
