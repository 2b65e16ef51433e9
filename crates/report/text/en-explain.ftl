# The pages on what moves a model and on how a cohort lies, and their figures

## What moves a model
explain-title = What moves the model
explain-subtitle = Shapley values of its features
explain-none = No feature moves this model: it says the same of every patient.
explain-bars = Mean size of each feature's Shapley value ({ $method }), stacked over the classes.
explain-swarm = What each feature adds to { $class }, a point a patient. Right of the line it speaks for the class, left of it against; the colour says whether the patient's value is small or large among all.
explain-decisions = How scores come about
explain-decision = Each line is a patient, coloured by the true class: from what the model says of { $class } when it knows nothing (bottom), feature after feature, to the patient's score (top).
explain-decision-named = Patients who are shown one by one below are drawn in black and numbered.
explain-folds = Would another part of the cohort have named the same features?
explain-folds-text = The model was fitted anew in each fold and its held-out patients were explained: a point is the mean size of the feature's contributions in one fold, summed over the classes; the line runs from the smallest to the largest.
explain-blocks = Blocks of features
explain-blocks-text = Mean size of what all features of a block add together, with their signs, stacked over the classes.
explain-features = Features
explain-table = Mean size of the contributions ({ $unit }), the largest first.
explain-patient = Patient { $patient }
explain-waterfall = From what the model says of { $class } when it knows nothing (bottom) to what it says of this patient (top). Blue speaks for the class, orange against it.
explain-why-none = There are no reasons here: exact Shapley values exist for logistic regression, and for random forests and boosted trees without principal components; for other classifiers they are estimated in this report up to { $most } columns, and this one has { $columns }. `triher explain` estimates them.
explain-stability = Stability over { $folds } folds
explain-stability-text = rank correlation of the features' sizes { $correlation }; of the ten largest { $share } in common
explain-limits = What this cannot say
explain-limit-cause = A contribution says what moved this model, not what causes a tumour to be of a class.
explain-limit-shared = Features that rise and fall together share their contributions in a way that another model of the same quality may share differently.
explain-limit-calibration = The values speak of the classifier before its calibration, which changes how sure it is and not why.

## Similar cases
similar-heading = The training patients most like this one
similar-text = The cases nearest to this patient in the features that the model uses. The distance is in standard deviations, averaged over the features (root mean square).
similar-case = Case
similar-distance = Distance
similar-this = this patient
similar-lesion = Lesion of { $case }
similar-no-picture = no picture
similar-pictures = The slice on which each lesion is largest: the first phase after contrast on the left, less the phase before on the right. Head up, the patient's left on the right; 48 mm wide, or as much as a larger lesion needs. Each picture has its own grey scale.
similar-none = The training tables hold no other patient.
similar-far = Even the nearest of them is far away: more than { $limit } standard deviations on average. The model has seen nothing like this lesion, and they should not be taken for similar.
similar-caution = That cases are near says that the model sees them alike, not that they are alike in what matters for HER2.
similar-other-table = This table is not among the files that the model was trained on, by its check sum: its cases may not be training patients.

## Figures on what moves a model
figure-folds = Contributions by fold
figure-folds-text = { $features } features in { $folds } folds.
figure-folds-axis = Mean size of the contribution in a fold ({ $unit })
figure-decision = How the scores of { $class } come about
figure-decision-text = Decision plot: { $shown } of { $rows } rows as lines over { $steps } steps.
figure-decision-axis = Score of { $class } ({ $unit }); base { $base }
figure-waterfall = How the score of { $class } comes about
figure-waterfall-text = From { $base } to { $score }.
figure-score = score { $value }
figure-base = base { $value }
figure-all-others = all other features
figure-other-features = { $count } other features
figure-effects = Mean size of contributions
figure-effects-text = Stacked bars of { $features } features over { $classes } classes.
figure-effects-axis = Mean size of the contribution ({ $unit })
figure-swarm = Contributions to { $class }
figure-swarm-text = Bee swarm of { $features } features.
figure-swarm-axis = Contribution to { $class } ({ $unit })
figure-value-small = value: small
figure-value-large = large

## Maps of a cohort
map-title = Maps of the cohort
map-subtitle = Maps of the features in two dimensions
map-by = By { $by }
map-centre = How well the centre can be told
map-centre-caption = Principal components of the features, coloured by centre, and below them how well the centre can be told. After ComBat the points should lie on the bars of chance.
map-centre-table = A model that learns the centre instead of the biology is worth little elsewhere. The accuracy is that of a logistic regression on the features, out of fold, against what always naming the largest centre would give; the silhouette is 0 when centres lie through each other and near 1 when each lies apart.
map-features = Features
map-accuracy = Accuracy for the centre
map-by-chance = By chance
map-auc = Macro AUC for the centre
map-silhouette = Silhouette
map-neighbours = Neighbours of the own centre
map-reading = How to read the maps
map-read-points = Each point is a row of the table. Principal components keep large distances; t-SNE and UMAP keep neighbourhoods: in them the distance between two groups, their size and their density mean little.
map-read-trust = Trustworthiness ("trust" above each map) is the share of what looks near on the map and is near in the features, continuity the reverse; 1 is all.
map-read-proof = Groups that part on a map are no proof that a model can tell them on new patients: that is what the evaluation is for.

## Figures of maps
figure-batch = Batch effect
figure-batch-axis = Share, or area under the curve
figure-by-chance = by chance
figure-maps = Maps of the cohort by { $by }
figure-maps-text = { $points } points in { $groups } groups.
figure-by = by { $by }
figure-others = { $count } others
figure-unknown = not known
