# The pages on an evaluation and on a study, and their figures

## Numbers
interval = { $low } to { $high }
with-interval = { $value } ({ $interval })
share-of = { $value }, { $part } of { $whole }
no-cases = no cases
no-interval = no interval
undefined = undefined

## Classes as the figures name them
short-class-zero = zero
short-class-low = low
short-class-ultralow = ultralow
short-class-positive = positive
short-class-negative = negative
against-rest = { $class } against the rest
decision = { $above } against { $below }

## The page
page-note = Please note
page-provenance = What is needed to make this report again.
page-seed = Seed of the { $what }
one-class-called = The model calls every case { $class }. It tells no classes apart on these cases, and an accuracy near the share of that class means nothing. Check that the features of this table are those that the model was trained on, and that the model was not trained on hardly more than one class.
one-class-present = All cases are of the class { $class }: nothing can be said about how well classes are told apart. Give a cohort with at least two classes.

## Data and model
evaluation-data = Data
evaluation-model = Model
evaluation-no-model = No facts about the model were given.
evaluation-limits = Limits
evaluation-no-limits = None were stated by the authors of this evaluation.
evaluation-cases-caption = Cases of every true class.
evaluation-subtitle = HER2-zero, HER2-low or HER2-positive from breast DCE-MRI
evaluation-title = External evaluation on { $name }
evaluation-title-cohort = { $study }: external cohort { $cohort }
class = Class
classes-true = True class
cases = Cases
share = Share
of-patients = of { $count } patients
of-one-patient = of 1 patient
limit-cohort = Research use only. The figures describe this cohort; they say nothing about any single patient.
limit-labels = Labels follow the reports of immunohistochemistry and in situ hybridisation, whose readers disagree most between HER2-zero and HER2-low.
limit-thresholds = The predicted class is the most probable one; thresholds, where shown, were chosen on the training cohort and not moved.

## Facts of data and model
fact-training = Training: { $fact }
fact-encoder-input = Encoder's input
fact-encoder-input-text = { $inputs }, cut by the profile { $profile } ({ $variant })
fact-encoder-sha256 = Encoder's SHA-256
fact-seed = Seed

## Discrimination
macro-auc = Macro AUC
micro-auc = Micro AUC
balanced-accuracy = Balanced accuracy
level-interval = { $level } interval { $interval }
discrimination-heading = Discrimination
discrimination-this = This evaluation
discrimination-cross = Cross-validated on the training cohort
discrimination-macro = Macro (mean of the classes)
discrimination-weighted = Weighted by prevalence
discrimination-micro = Micro (all probabilities)
discrimination-no-intervals = No intervals were computed.
discrimination-intervals = In parentheses the { $level } percentile interval of { $replicates } bootstrap replicates over { $unit }.
discrimination-roc = ROC curve of every class against the rest{ $banded }. The micro average depends on prevalence and calibration, the macro average does not.
discrimination-banded = , with its pointwise { $level } band from the bootstrap
discrimination-spread-heading = Spread of the probabilities
discrimination-spread = Each row holds the cases of one true class. The histograms are scaled to their own largest bin; the bar spans the quartiles and the shape marks the median.
discrimination-all = Figures over all classes with two { $level } intervals of the same bootstrap: percentile, and bias-corrected and accelerated (BCa). Where they part, the statistic is skewed and the second is the better one.
discrimination-hand-till = Hand and Till's M (pairs of classes)
discrimination-pdi = Polytomous discrimination index (by chance { $chance })
discrimination-f1 = Macro F1
discrimination-matthews = Matthews' correlation
discrimination-kappa = Kappa with quadratic weights
figure-name = Figure
value = Value
percentile = Percentile
standard-error = Standard error
discrimination-delong = AUC of every class against the rest with DeLong's variance ({ $level } interval on the scale of the logit). It takes rows as independent; the bootstrap above draws patients.
discrimination-points = Points of the curves: sensitivity where the specificity is at least as stated. They are read off this very cohort, so they describe the curves and are no promise for a threshold.
discrimination-at = at { $share }
discrimination-quartiles = { $median } ({ $low } to { $high })
discrimination-spread-table = Median (quartiles) of the predicted probabilities.
probability-of = P({ $class })

## Calibration
calibration-heading = Calibration
calibration-nothing = There are no calibration curves.
calibration-caption = Observed share against predicted probability in bins of equal mass (at most { $bins }), with { $level } Wilson intervals. On the dashed line predictions come true.
calibration-brier = Brier score (0 is perfect, 2 the worst)
calibration-brier-shares = Brier score of this cohort's class shares
calibration-brier-skill = Brier skill (above 0 is better than the shares)
calibration-log-loss = Log loss
calibration-ece = Mean class-wise calibration error
calibration-ideal = Ideal are an error of 0, an intercept in the large of 0, a slope of 1. A slope below 1 means that the probabilities are too extreme, above 1 that they are too timid.
calibration-error = Calibration error
calibration-large = In the large
calibration-slope = Slope
calibration-intercept = Intercept
calibration-points = The points of the calibration curves: mean predicted probability, observed share, cases of the class in the bin.
calibration-bin = Bin
calibration-cell = { $predicted }: { $observed }, { $events } of { $cases }
calibration-no-recalibration = Multinomial recalibration cannot be fitted here: a class has no cases, or the classes are separated.
calibration-against = { $class } against { $reference }
calibration-recalibration = Multinomial recalibration (Van Hoorde 2014): the outcome regressed on the model's own log-odds, all classes at once, with 95 % Wald intervals. Ideal are intercepts of 0 and slopes of 1.
calibration-log-odds = Log-odds of
calibration-parts = Parts of each class's Brier score: score = reliability (0 is ideal) - resolution (more is better) + uncertainty + what lies within the bins.
calibration-score = Score
calibration-reliability = Reliability
calibration-resolution = Resolution
calibration-uncertainty = Uncertainty
calibration-within = Within bins
calibration-top = Calibration error of the called class's probability

## Calls
calls-heading = Classification
calls-text = Every case is called by its most probable class.
calls-caption = Counts, and the share of their row. Framed cells are right.
calls-matrix = Confusion matrix.
calls-called = called { $class }
calls-accuracy = Accuracy
calls-balanced = Balanced accuracy (mean sensitivity)
calls-table = Each class against the rest, with { $level } Wilson intervals. The predictive values hold for this cohort's prevalence.
sensitivity = Sensitivity
specificity = Specificity
ppv = Positive predictive value
npv = Negative predictive value
operating-heading = Frozen operating points
operating-table = Thresholds on the summed probability, chosen on the out-of-fold predictions of the training cohort and applied here as they are, with { $level } Wilson intervals.
operating-decision = Decision
operating-by = Chosen by
operating-threshold = Threshold
operating-cuts = Confusion matrix at the cut points { $cuts } on the expected class ({ $rule }), chosen on the training cohort's out-of-fold predictions.
list-and = { $first } and { $second }

## Net benefit
benefit-heading = Net benefit
benefit-text = Benefit counts the cases that are rightly treated, less those wrongly treated at the weight that the threshold gives them, per patient. The model is worth using where its curve lies above both treating everybody and treating nobody.
benefit-caption = Decision curves with their { $level } bands from the bootstrap. The threshold is the probability from which one would treat.
benefit-table = Net benefit at some thresholds.
benefit-model = Model
benefit-everybody = Everybody
benefit-nobody = Nobody

## Doubtful labels
doubts-heading = Doubtful labels
doubts-text = Pathologists part most between HER2-zero and HER2-low: { $source }. Here each of the { $count } cases labelled zero became low with a probability of { $rate }, { $replicates } times over; the predictions stayed as they are.
doubts-table = Figures as labelled, and the { $level } range that such readings alone give them.
doubts-as-labelled = As labelled
doubts-range = Range

## Centres and subgroups
centres-heading = Centres
centre = Centre
patients = Patients
accuracy = Accuracy
centres-none = The data name no centres, so there are no figures per centre.
centres-one = All cases come from one centre: nothing can be said about how the model carries over to others.
centres-caption = Squares are macro AUCs with their intervals, the shapes under them the classes' AUCs. The dashed line is chance.
centres-table = AUC of every centre, overall and of each class against the rest. In the second column the cases of { $classes }.
centres-macro = Macro
centres-summary = The centres' AUCs summarised with random effects on the scale of the logit (restricted maximum likelihood; { $level } intervals from the confidence distribution of the variance between centres, after Nagashima and others). The prediction interval says where the AUC of a further centre would lie; I² is the share of the variance that lies between centres, p tests that there is none. With few centres both intervals are wide, and rightly so.
centres-mean = Mean
centres-prediction = Prediction interval
subgroups-heading = Subgroups
subgroups-caption = Macro AUC of every subgroup with its { $level } interval. The dashed line is the AUC of all patients.
subgroups-table = Subgroups with their cases ({ $classes }), and the difference to all other patients. p tests that the levels of a variable have the same macro AUC; in parentheses corrected for the number of variables after Holm.
subgroups-subgroup = Subgroup
subgroups-auc-difference = Difference of AUC
subgroups-accuracy-difference = Difference of accuracy
subgroups-p = p (corrected)
subgroups-missing = { $name }: not known for { $count } rows.
named = { $name }: { $text }

## Survival
survival-heading = Survival
survival-caption = Kaplan-Meier curves of the patients by the class they were called, with the numbers at risk under them.
survival-patients = Patients with follow-up
survival-events = Events
survival-score = Score
survival-hazard = Hazard ratio for one standard deviation of the score (Cox, Efron's ties; 95 % interval)
survival-concordance = Concordance (Harrell)
survival-log-rank = Log-rank test of the called classes
survival-hazard-value = { $ratio }, p { $p }
survival-test = chi-squared { $statistic } with { $freedom } degrees of freedom, p { $p }

## Figures
figure-roc = ROC curves, each class against the rest
figure-roc-text = Macro AUC { $macro }, micro AUC { $micro }.
figure-one-minus-specificity = 1 - specificity
figure-auc-interval = AUC ({ $level } interval)
figure-micro = micro average
figure-macro = macro average (no curve)
figure-forest = AUC of every centre
figure-forest-text = Macro AUC with intervals for the whole cohort and { $count } centres.
figure-all = All
figure-macro-short = macro
figure-calibration = Calibration of every class
figure-calibration-text = Observed share against predicted probability in up to { $bins } bins of equal mass, mean class-wise calibration error { $error }.
figure-observed = Observed share
figure-predicted = Predicted probability
figure-calibration-panel = error { $error }, slope { $slope }
figure-confusion = Confusion matrix
figure-confusion-text = Rows are the true classes, columns the most probable class.
figure-most-probable = Most probable class
figure-benefit-text = Net benefit of the model against treating everybody and nobody, by threshold.
figure-benefit-model = model
figure-benefit-everybody = everybody
figure-benefit-nobody = nobody
figure-spread = Predicted probabilities among the true classes
figure-spread-text = Histogram, quartiles and median of each class's probability, by true class.
figure-subgroups = AUC of subgroups
figure-subgroups-text = Macro AUC with intervals in subgroups of { $count } variables.
figure-all-patients = All patients
figure-survival = Survival by called class
figure-survival-text = Kaplan-Meier curves of { $count } groups over { $time } { $unit }.
figure-time = Time ({ $unit })
figure-at-risk = At risk
figure-flow = Flow of patients
figure-flow-text = { $count } cohorts.
figure-found = found: { $count }
figure-used = used: { $count }
figure-no-numbers = There are no numbers to draw.
# The report on a whole study
study-subtitle = Study report
demo-study = Simulated demonstration
study-patients = Patients
study-flow = From what was found to what was used.
study-training-role = { $names } (training)
study-external-role = { $name } (external)
study-external-part = { $name }, external part
study-internal = Validation within the training cohorts
study-internal-none = No cross-validation was possible.
study-internal-text = Out-of-fold predictions: every patient was predicted by a model that had not seen them; selection, tuning and calibration were fitted anew within each training fold.
study-over-folds = Mean macro AUC over the { $folds } held-out folds: { $auc }, the interval corrected for training rows that folds share (Nadeau and Bengio 2003). The bootstrap intervals below hold the models fixed and are too narrow where there is little to learn.
study-left-out = Each centre by a model of the others
study-not-left-out = { $centre } could not be left out: { $why }
study-learning = Learning curve
study-learning-text = Where the curve still rises at its end, more patients would help.
study-learning-caption = Macro AUC of the same folds, learnt from growing shares of their training patients.
study-learning-line = out of fold
study-learning-patients = Training patients
study-permutation = Permutation test
study-permutation-text = The whole pipeline on permuted labels reached the observed macro AUC with p = { $p } ({ $count } permutations).
study-permutation-centres = The whole pipeline on permuted labels reached the observed macro AUC with p = { $p } ({ $count } permutations within centres).
study-compared = Other classifiers
study-compared-text = On the same folds. The difference is that of the study's model minus the other, over patients drawn together for both; p is corrected for the number of classifiers after Holm.
study-classifier = Classifier
study-difference = Difference
study-failed = failed: { $why }
study-external = External cohort { $name }
study-external-file = All figures are in { $file }.
study-external-heading = External cohorts
study-external-none = The study names none: nothing is known of how the model does elsewhere.
study-drift = The features of the model that differ most from the training cohort. A standardised difference above 0.1 is usually looked at; a stability index above 0.25 is called a large shift.
study-feature = Feature
study-standardised = Standardised difference
study-ks = Kolmogorov-Smirnov distance
study-stability-index = Stability index
study-no-stability = no stability of the explanation: { $why }
study-maps = Maps of the training cohorts
study-maps-text = In t-SNE and UMAP the distance between groups means little.
study-no-maps = no maps: { $why }
study-many-columns = no maps: the table has { $columns } columns, and beyond { $most } they take longer than the study

## Who the patients are
cohort-characteristic = Characteristic
cohort-group = { $name } (n = { $count })
cohort-caption = Patients by { $by }.
cohort-unknown = not known
cohort-quartiles = { $median } ({ $low } to { $high })
cohort-count = { $count } ({ $share })
cohort-unit = { $name }, { $unit }
cohort-note = Numbers: median (quartiles). p: { $tests }, not corrected for the number of rows. SMD: largest standardised mean difference between two columns; above 0.1 it is usually looked at.

## Guidelines
checklist-text = { $source }. Of { $all } items triher answers { $answered }, { $part } in part; { $author } are the author's, and { $undone } were not done in this study.
checklist-item = Item
checklist-topic = What is asked for
checklist-state = State
checklist-say = What triher can say
checklist-answered = answered
checklist-in-part = in part: add to it
checklist-by-author = for the author
checklist-not-done = not done in this study
answer-performance = macro AUC { $auc }, { $patients } patients.
answer-centre = { $centre } ({ $count } patients)
answer-sizes = { $cohort }: { $classes }.
answer-size = { $count } { $class }
answer-training = Training
answer-no-auc = no AUC on { $patients } patients.
answer-out-of-fold = Out of fold: { $text }

## Abbreviations
abbreviations-heading = Abbreviations
abbreviation-auc = area under the ROC curve: the chance that a case of the class has a higher probability than one of the others; 0.5 is guessing, 1 is perfect
abbreviation-roc = receiver operating characteristic: sensitivity against 1 - specificity over all thresholds
abbreviation-bca = bias-corrected and accelerated: a kind of bootstrap interval
abbreviation-her2 = human epidermal growth factor receptor 2
abbreviation-dce-mri = dynamic contrast-enhanced magnetic resonance imaging
abbreviation-mri = magnetic resonance imaging
abbreviation-ihc = immunohistochemistry
abbreviation-ish = in situ hybridisation
abbreviation-asco-cap = American Society of Clinical Oncology and College of American Pathologists, whose guideline defines HER2 status
abbreviation-smd = standardised mean difference: a difference divided by the standard deviation
abbreviation-f1 = harmonic mean of sensitivity and positive predictive value
abbreviation-i2 = share of the variance that lies between centres
abbreviation-pca = principal component analysis
abbreviation-tsne = t-distributed stochastic neighbour embedding: a map that keeps neighbourhoods
abbreviation-umap = uniform manifold approximation and projection: a map that keeps neighbourhoods
abbreviation-combat = a method that takes differences between centres out of features
abbreviation-reml = restricted maximum likelihood
abbreviation-claim = Checklist for Artificial Intelligence in Medical Imaging
abbreviation-tripod = Transparent Reporting of a multivariable prediction model for Individual Prognosis or Diagnosis, with artificial intelligence
abbreviation-sha256 = a check sum that tells whether a file is the same
abbreviation-lps = coordinates that grow to the patient's left, back and head
abbreviation-c0 = the phase before contrast; C1, C2, ... are the phases after it
abbreviation-csv = a table as a text file
abbreviation-l2 = a penalty on the squares of the coefficients
abbreviation-emb = a feature that begins with emb_ is a number that the encoder gives; it has no meaning by itself
abbreviation-kin = a feature that begins with kin_ describes how contrast comes and goes
abbreviation-fo = a feature that begins with fo_ is a first-order statistic of the signal in the lesion
abbreviation-pe = percent enhancement: the rise of the signal over that before contrast
abbreviation-ser = signal enhancement ratio: early enhancement divided by late
abbreviation-adamw = Adam with decoupled weight decay: a method that changes the weights step by step
abbreviation-gelu = Gaussian error linear unit: what bends the numbers between two layers
abbreviation-rad = a feature that begins with rad_ is a radiomic feature as the Image Biomarker Standardisation Initiative defines it
abbreviation-log-odds = logarithm of the odds, p / (1 - p)
checklist-not-applicable = does not apply
checklist-text-weighted = { $source }. Of { $all } items and conditions triher answers { $answered }, { $part } in part; { $author } are the author's, { $undone } were not done in this study, and { $none } do not apply.
checklist-weight = Weight
checklist-weights = triher gives no score: whether an item is met is the author's to judge. The score is the weight of the items that are met over the weight of all that apply. Of the weight of all items, { $answered } is answered, { $part } answered in part, { $author } the author's, { $undone } not done in this study and { $none } does not apply.
checklist-condition = Condition { $number }
checklist-no = No.
checklist-unmet = { $condition } does not hold.
study-of-figures = On these figures
study-sets = Prediction sets: how often they hold the true class. What they promise holds for patients like those of training; by class where the sets were made within classes, and for no single centre.
study-sets-group = Group
study-sets-count = Sets
study-sets-hold = Hold the true class
study-sets-size = Classes in a set
study-sets-empty = Empty sets
study-sets-all = all rows
study-sets-class = class { $name }
study-sets-centre = centre { $name }
study-sets-share = { $share } ({ $covered } of { $rows })
