# All text of the patient's report, English. The Chinese catalogue (zh.ftl) has the same keys and placeholders.

## The page
research-use = Research use only - not for diagnosis
written-by = { $notice }. Written by triher { $version }.
title = HER2 class of patient { $patient }
subtitle = Patient { $patient }
page-of = Page { $page } of { $pages }
replaced-characters = Characters that the fonts of this file lack are shown as □.
untranslated = Notes of the reading and of the model file are given in English.
not-available = not available
seconds = { $value } s
percent = { $value } %
list-or = { $first } or { $second }
list-comma = { $first }, { $second }

## Simulated data
simulated-heading = Simulated data
simulated-text = These images were computed from a physical model and belong to no patient. The figures show that the software works; they say nothing about how well HER2 status can be told in patients.
simulated-model = The model was trained on simulated patients: its probabilities say nothing about real ones.

## Warnings
warnings-heading = Warnings
warning-strange = This lesion is unlike those the model was trained on (out of distribution): the prediction rests on extrapolation and should not be relied on.
warning-upstream = { $what } was fitted on this patient among others: the prediction looks better than it is.
warning-one-class = Nearly all probability lies on one class. Check that the model was not trained on one class only, and that the images are those it was made for.
warning-no-lesion = No lesion was given or found: there is no prediction.
warning-one-phase = There are fewer than two phases: no enhancement can be measured.

## Result
result-heading = Result
result-none = There is no prediction for this patient.
result-called = Most probable class: { $class }. The probabilities are those of the model; they are as good as its calibration on patients like this one.
result-table = Probability of every class
result-class = Class
result-probability = Probability
figure-probabilities = Probability of every class
class-zero = HER2-zero
class-low = HER2-low
class-ultralow = HER2-ultralow
class-positive = HER2-positive
class-negative = HER2-negative

## Uncertainty
uncertainty-heading = How sure the model is
set-none = This model makes no prediction sets, so its uncertainty is known from the probabilities alone.
set-empty = Prediction set: no class fits this lesion as well as the training lesions fitted their own class. The prediction should not be relied on.
set-one = Prediction set: { $class } alone.
set-several = Prediction set: { $classes }: not separable for this patient.
set-all = Prediction set: { $classes }: every class remains possible, so the images do not decide.
set-coverage = Sets made this way are meant to hold the true class in { $coverage } of patients like those of training.
spread-views = Over { $views } views of the patch the probability of { $class } lies between { $low } and { $high } (standard deviation { $deviation }); { $agreement } of the views give this class.
calibration-done = Probabilities were calibrated on training patients the model had not seen ({ $method }).
calibration-none = Probabilities were not calibrated after training.
novelty-none = This model does not measure whether a lesion is like those of training.
novelty-inside = Inside of what the model was trained on (Mahalanobis distance { $mahalanobis }, distance to the nearest training lesions { $neighbour }).
novelty-outside = Outside of what the model was trained on (Mahalanobis distance { $mahalanobis }, distance to the nearest training lesions { $neighbour }).

## Images
images-heading = What was read
images-none = There are no pictures of the images.
legend-outline = outline of the lesion
legend-crop = crop that the encoder saw
legend-heat = attribution: from none (no colour) to the largest (red)
planes-heading = Planes through the lesion
planes-text = Difference of the first phase after contrast and the phase before it (C1 - C0). The patient's left is on the right.
attribution-heading = Where the model looked
attribution-text = Attribution map ({ $name }) over the difference C1 - C0 in three planes and over each phase, scaled to the 99.5th percentile of its absolute values. It describes the model, not the disease.
attribution-empty = The attribution map ({ $name }) is zero or outside of the images everywhere.
attribution-rollout = attention rollout: what the network attended to, whatever the class
attribution-relevance = gradient times attention: what spoke for the predicted class
attribution-integrated-gradients = integrated gradients: parts of the predicted class's score
attribution-occlusion = occlusion: how far the predicted class's score falls when a cube is covered
patch-heading = What the encoder saw
phase-before = C0, before contrast
phase-after = C{ $number }, after contrast
plane-axial = axial, slice { $slice }
plane-coronal = coronal, slice { $slice }
plane-sagittal = sagittal, slice { $slice }
series-heading = Series
series-none = No series were listed as read.
series-read = Read. C0 is the phase before contrast, C1, C2, ... are those after it, with their seconds after C0.
series-phase = { $source }, { $slices } slices, { $time }
series-aside = Set aside, with the reason
time-unknown = time unknown
told-apart = Phases told apart by
grid = Image grid

## Lesion
lesion-heading = Lesion
lesion-none = No figures of the lesion were computed.
lesion-found-by = Found by
lesion-volume = Volume
lesion-effective-diameter = Effective diameter (sphere of the same volume)
lesion-longest-diameter = Longest diameter
lesion-voxels = Voxels
curve-caption = Mean signal over the lesion. Curve type: { $kind }.
curve-quantity = Mean signal of the lesion
curve-table = Points of the curve
curve-phase = Phase
curve-seconds = Seconds
curve-axis-seconds = Seconds after the pre-contrast phase
curve-title = Signal of the lesion over time
curve-too-few = Fewer than two phases: no curve.
curve-persistent = persistent (type I): the signal still rises by more than 10 % after the first phase
curve-plateau = plateau (type II): the signal stays within 10 % after the first phase
curve-wash-out = wash-out (type III): the signal falls by more than 10 % after the first phase
curve-undetermined = not determined (two phases after contrast are needed)

## Reasons
reasons-heading = Why
reasons-none = This model gives no reasons for a single patient.
reasons-caption = What each feature adds to the log odds of { $class }, against a training patient of average values. The contributions describe the model, not the biology.
reasons-table = The features that moved the prediction most
reasons-feature = Feature
reasons-standing = Among training patients
reasons-contribution = Contribution
reasons-figure = Features that moved the prediction most
reasons-bars = Bars to the right speak for the predicted class, bars to the left against it.
reasons-for = for
reasons-against = against
standing-higher = higher than in { $share } of them; speaks for { $class }
standing-higher-against = higher than in { $share } of them; speaks against { $class }
standing-lower = lower than in { $share } of them; speaks for { $class }
standing-lower-against = lower than in { $share } of them; speaks against { $class }
standing-none = position not known; speaks for { $class }
standing-none-against = position not known; speaks against { $class }
reasons-no-quantiles = The model file was written without the distribution of its training features, so their position among the training patients is not known. Train it again to add it.

## Model card
model-heading = Model card
model-none = No facts about the model were given.
model-use = Intended use
model-use-text = Research on reading HER2 status from breast DCE-MRI (dynamic contrast-enhanced magnetic resonance imaging). Not for diagnosis, treatment or triage.
model-limits = Limits
model-limits-text = Valid at most for patients, scanners and protocols like those of training. HER2-zero and HER2-low differ by an immunohistochemical reading that pathologists themselves repeat poorly. It replaces no biopsy.
model-cohort = Trained on
model-cohort-text = { $rows } lesions of { $patients } patients
model-classes = Classes (training lesions)
model-centres = Centres (training lesions)
model-count = { $name }: { $count }
model-auc = AUC, cross-validated (area under the ROC curve, mean of the classes)
model-auc-class = AUC of { $class } against the rest
model-auc-value = { $value } (95 % interval { $low } to { $high })
model-auc-none = not cross-validated
model-classifier = Classifier
model-features = Features
model-encoder = Encoder
model-encoder-none = none: the model uses no embedding of a pretrained encoder
model-encoder-some = { $name }; { $count } of the features are its
model-encoder-unnamed = { $count } of the features are embeddings of a pretrained encoder
model-file = Model file
model-sha256 = SHA-256

## What was not checked
not-checked-heading = Not checked
not-checked-carcinoma = Whether this is a carcinoma, and whether the outline is right: both are the reader's.
not-checked-motion = Patient motion between the phases was not corrected.
not-checked-scanner = Whether this scanner and protocol are like those the model was trained on.

## Provenance
provenance-heading = Provenance
provenance-text = What is needed to make this report again: the version of the program and the SHA-256 of every file read.
provenance-version = triher

## Dictionary of features
feature-kinetic = { $quantity }, { $summary }
quantity-pe_early = percent enhancement, first phase after contrast
quantity-pe_peak = percent enhancement at the peak
quantity-pe_last = percent enhancement, last phase
quantity-pe_phase = percent enhancement, phase C{ $phase }
quantity-initial_slope = initial slope of enhancement
quantity-wash_in_rate = wash-in rate (to the peak, by time)
quantity-wash_in_per_phase = wash-in per phase
quantity-wash_out = wash-out rate
quantity-wash_out_ratio = wash-out ratio
quantity-late_change = change from first to last phase after contrast
quantity-ser = signal enhancement ratio
quantity-time_to_peak = time to peak
quantity-peak_phase_fraction = place of the peak among the phases
quantity-auc = area under the enhancement curve
quantity-auc_per_phase = area under the enhancement curve, per phase
summary-curve = of the lesion's mean curve
summary-mean = mean over the lesion
summary-sd = standard deviation over the lesion
summary-p10 = 10th percentile in the lesion
summary-p50 = median in the lesion
summary-p90 = 90th percentile in the lesion
feature-fraction_persistent = share of the lesion with persistent enhancement (type I)
feature-fraction_plateau = share of the lesion with a plateau (type II)
feature-fraction_washout = share of the lesion with wash-out (type III)
feature-functional_volume = functional tumour volume (voxels that enhance)
feature-functional_fraction = functional share of the lesion (voxels that enhance)
feature-pattern = share of the lesion with the curve pattern { $name }
feature-size_volume = lesion volume
feature-size_effective_diameter = effective diameter of the lesion
feature-size_longest_diameter = longest diameter of the lesion
feature-first-order = signal { $source }, { $statistic }
source-pre = before contrast
source-post1 = in the first phase after contrast
source-last = in the last phase
source-sub1 = gained in the first phase after contrast
statistic-mean = mean
statistic-variance = variance
statistic-skewness = skewness
statistic-kurtosis = excess kurtosis
statistic-median = median
statistic-min = minimum
statistic-p10 = 10th percentile
statistic-p90 = 90th percentile
statistic-max = maximum
statistic-iqr = interquartile range
statistic-range = range
statistic-mad = mean absolute deviation
statistic-rmad = robust mean absolute deviation
statistic-energy = energy
statistic-rms = root mean square
statistic-entropy = entropy
statistic-uniformity = uniformity
statistic-cov = coefficient of variation
statistic-qcod = quartile coefficient of dispersion
statistic-medad = median absolute deviation
feature-embedding = encoder, input { $input }, component { $component } (no meaning by itself)
feature-other = { $name } (technical name; see the dictionary of the feature table)

## What could not be done
features-without-value = { $count } features have no value: { $why }
refused-prediction = No prediction was made
refused-evaluation = No evaluation was made
refused-study = The study could not be carried out
refused-what = What is missing
refused-remedy = What to do
refused-message = Message of the program (in English)
refused-empty-mask = There is no lesion: the mask marks no voxel.
refused-empty-mask-remedy = Check that it is this patient's mask and that the lesion's label is above 0. Or give a point in the lesion (--seed) or a box around it (--box), or let `triher find` propose a lesion.
refused-nothing-found = No lesion was found: what lies at the seed point or in the box does not take up contrast, or has no limit against what surrounds it.
refused-nothing-found-remedy = Choose a point inside of the enhancing lesion, draw a closer box, or give a mask (--mask). `triher find` proposes places.
refused-which-lesion = It is not clear which lesion is meant.
refused-which-lesion-remedy = Name it with --lesion largest or --lesion named:LABEL; the message below names the labels.
refused-one-phase = There is one phase only, so that no enhancement can be measured. A dynamic study has one phase before contrast and at least one after it.
refused-one-phase-remedy = Look for the other phases in the archive and give the folder that holds all of them. `triher scan STUDY --explain` says what is there and why each series was taken or not.
refused-before-contrast = The phase before contrast is missing, so that no enhancement can be measured.
refused-before-contrast-remedy = Look for the phase before contrast in the archive; files are named pre, C0 or _0000. `triher scan STUDY --explain` says what is there.
refused-grid = The mask and the images do not lie on the same grid, so that the lesion's place in the images is not known.
refused-grid-remedy = Give the mask that was drawn on these images, or ask for it to be put onto their grid (--resample-mask) and look at the outline.
refused-images = The images could not be read as one dynamic study of one patient.
refused-images-remedy = `triher scan STUDY --explain` says what is there and why each series was taken or not; the message below says what is wrong.
refused-features = Features that the model needs are missing.
refused-features-remedy = Give a table with the columns that the model was trained on, or images with the phases that they are made from; the message below names the first of them.
refused-one-class-alone = All rows are of one class, so that there is nothing to tell apart.
refused-one-class-alone-remedy = Add rows of at least one other class, and check that the column of labels is the right one.
refused-other = The input could not be used.
refused-other-remedy = The message below says what is wrong and what to do.

## Reasons that are not Shapley values
reasons-alone-caption = How far the log odds of { $class } fall when this feature alone takes the average value of the training patients. The contributions describe the model, not the biology.
reasons-alone = These are no Shapley values and need not add up: this model ({ $classifier }) has no coefficients, and exact reasons for a single patient need the training table, which a model file does not hold. `triher explain` computes them from that table.
reasons-still = There are no reasons: no feature alone moves the score of this model ({ $classifier }) for this patient. `triher explain` computes Shapley values from the training table.
attribution-none = There is no attribution map: { $why }
attribution-no-encoder = this model has no encoder, so that there is no network to ask where it looked.
attribution-not-possible = it cannot be made for this model or read from this file. Message of the program, in English: { $message }

# The viewer (`triher view`).
view-research-only = Research use only - not for diagnosis
view-patient = Patient
view-images = Images
view-canvas = Axial, coronal and sagittal planes of patient { $patient }
view-phase = Phase
view-phase-before = C0, before contrast
view-phase-after = C{ $number }, after contrast
view-phase-seconds = { $name }, { $seconds } s
view-subtraction = subtract the phase before contrast
view-overlay = Map over the images
view-overlay-none = none
view-overlay-percent-enhancement = percent enhancement, first phase after contrast (PE)
view-overlay-signal-enhancement-ratio = signal enhancement ratio (SER)
view-overlay-ktrans = transfer constant Ktrans, extended Tofts model, in the lesion
view-overlay-habitats = habitats of the lesion: voxels with similar curves
view-overlay-attribution = where the model looked (attribution)
view-overlay-range = colours from { $low } to { $high } { $unit }
view-opacity = opacity
view-curve = Curve under the cursor
view-curve-label = Percent enhancement over time: the voxel (whole line) and the lesion (broken line); the numbers are in the table below
view-curve-seconds = seconds after the first phase; enhancement in %
view-curve-phases = phase; enhancement in %
view-legend-voxel = this voxel
view-legend-lesion = mean over the lesion
view-column-seconds = s
view-column-signal = signal
view-column-enhancement = PE, %
view-column-lesion = lesion
view-place = voxel { $voxel } at { $x }, { $y }, { $z } mm (LPS)
view-place-in-lesion = voxel { $voxel } at { $x }, { $y }, { $z } mm (LPS), in the lesion
view-outside = outside of the images
view-outline = Outline of the lesion
view-outline-none = There is no outline yet: draw one.
view-outline-facts = { $from }: { $voxels } voxels, { $volume } ml, longest diameter { $diameter } mm
view-pen = Pen
view-pen-off = off
view-pen-draw = draw
view-pen-erase = erase
view-pen-box = box
view-pen-size = size
view-undo = Undo
view-apply = Take this outline
view-save = Save the outline (NIfTI)
view-saved = Saved by the browser as { $file }: `triher predict --mask` takes it.
view-prediction = Prediction
view-predict = Predict again
view-set = Prediction set: { $classes }.
view-strange = This lesion is unlike those of training: do not rely on the prediction.
view-about = For the outline as it stands ({ $from }, { $voxels } voxels).
view-keys-heading = Keys
view-keys = Arrow keys, Page Up and Page Down move the cursor; [ and ] change the phase; s subtracts; l goes to the lesion; u takes a stroke back; p predicts.
view-warnings = What to know
view-busy = Working: { $what } ...
view-ready = Ready
