# The pages on training runs of an encoder

training-pretraining = Pretraining of an encoder
training-finetuning = Fine-tuning of an encoder
training-learned = Learned: { $what }. Classes: { $classes }.
training-no-data = No facts about the data were given.
training-network = Network
training-settings = Training
training-simulated = The patches were computed from a physical model and show no real person. What the network learned from them says nothing about patients by itself.
training-some-rows = { $shown } of { $rows } rows; the file of the curve holds all.

## The network
training-input = Input
training-input-text = { $side } x { $side } x { $side } voxels, { $channels } channel(s)
training-tokens = Tokens
training-tokens-text = { $count } patches of { $side } x { $side } x { $side } voxels and a class token
training-blocks = Blocks
training-blocks-text = { $depth } of width { $width }, { $heads } attention heads, hidden layer { $hidden }
training-weights = Weights
training-weights-text = { $encoder } in the encoder, { $all } in all that was trained
training-head = Head
training-head-linear = linear, on the class token
training-head-mlp = hidden layer of { $hidden } with GELU, on the class token
training-head-two = two branches behind a bottleneck ({ $hidden } to { $bottleneck }): the class token, and the tokens that touch the lesion
training-fusion = Before the encoder
training-fusion-text = a convolution that fuses C2-C0, C2 and C5-C2
training-encoder = Encoder
training-encoder-word = weights
training-million = { $count } million

## What was asked
training-method = Method
training-mae = masked autoencoder, { $share } of the patches hidden
training-moco = momentum contrast (MoCo v3)
training-steps = Steps
training-steps-text = { $steps } of { $patches } patches
training-steps-word = of { $patches } patches each
training-optimiser = Optimiser
training-optimiser-text = AdamW, learning rate { $rate } after { $steps } steps of warm-up, then a cosine; weight decay { $decay }, betas { $first } and { $second }, { $clip }
training-clipped = gradients shortened to { $length }
training-not-clipped = gradients as they are
training-changes = Random changes
training-changes-none = none
training-changes-text = chance of a flip { $flip }, of a histogram shift { $histogram }, of smoothing { $smooth }, of noise { $noise }; shifts up to { $shift } voxels
training-what = What learned
training-depth-head = the head alone
training-depth-last = the head and the last { $count } block(s)
training-depth-all = everything
training-cross-entropy = cross-entropy
training-ordinal = ordinal: cross-entropies of "above this class"
training-balanced = { $loss }, classes weighed by the inverse of their frequency
training-epochs = Epochs
training-epochs-text = at most { $epochs } of steps of { $samples } samples; stopped after { $patience } without a better validation loss
training-decay = Layer decay / stochastic depth

## How it went
training-patches = Patches
training-samples = Samples
training-step = Step
training-epoch = Epoch
training-loss = Loss
training-loss-end = Loss at the end
training-loss-end-word = mean of the last { $steps } steps
training-loss-mae = Mean squared error of the voxels of hidden patches.
training-loss-moco = Contrastive loss of both views, scaled by twice the temperature.
training-loss-training = Training loss
training-loss-validation = Validation loss
training-loss-stopped = The validation loss is that of patients who were held out to tell when to stop; the weights of its smallest value were kept.
training-loss-not-stopped = No patients were held out; the weights are those after the last epoch.
training-rate = Learning rate
training-rate-text = As it was set for each step.
training-rate-head = That of the head at the end of each epoch.
training-gradient = Gradient
training-gradient-length = Length of the gradient
training-gradient-text = Euclidean, all weights together, before it is shortened.
training-kept = epoch { $epoch } was kept
training-epoch-kept = Epoch kept
training-epochs-done = of { $count } that were done
training-held-out = patients held out
training-same-epoch = in the same epoch
training-fold = Fold { $fold }, epoch { $epoch }
training-folds = Folds
training-folds-text = Each fold was trained by itself; the legend names the epoch whose weights predicted its patients. They had no part in choosing it.
training-folds-note = Figures of the { $count } folds together, from predictions of patients that a network had not seen, are on the page of the cross-validation. The weights that were written were trained on all patients.
training-cross-validation = Cross-validation of a fine-tuned encoder
training-cross-validation-folds = { $count } folds of whole patients
training-cross-validation-limit = Each sample was predicted by a network that had not seen its patient. All patients are of one table: how the networks do on another centre's images is not known from this.
