# The pages on an evaluation and on a study, and their figures

## Numbers
interval = { $low } 至 { $high }
with-interval = { $value }（{ $interval }）
share-of = { $value }，{ $part } / { $whole }
no-cases = 无病例
no-interval = 无区间
undefined = 无定义

## Classes as the figures name them
short-class-zero = 零表达
short-class-low = 低表达
short-class-ultralow = 超低表达
short-class-positive = 阳性
short-class-negative = 阴性
against-rest = { $class }对其余类别
decision = { $above }对{ $below }

## The page
page-note = 请注意
page-provenance = 重新生成本报告所需的信息。
page-seed = { $what }的随机种子
one-class-called = 模型把全部病例都判为{ $class }。它在这些病例中不能区分任何类别，接近该类别所占比例的准确率没有意义。请检查本表的特征是否与训练时相同，以及训练是否几乎只有一个类别。
one-class-present = 全部病例都属于{ $class }：无法说明区分类别的能力。请提供至少包含两个类别的队列。

## Data and model
evaluation-data = 数据
evaluation-model = 模型
evaluation-no-model = 没有提供模型的信息。
evaluation-limits = 局限性
evaluation-no-limits = 本次评估的作者没有说明局限性。
evaluation-cases-caption = 各真实类别的病例数。
evaluation-subtitle = 由乳腺动态增强 MRI 判读 HER2 零表达、低表达或阳性
evaluation-title = 外部评估：{ $name }
evaluation-title-cohort = { $study }：外部队列 { $cohort }
class = 类别
classes-true = 真实类别
cases = 病例数
share = 比例
of-patients = 来自 { $count } 名患者
of-one-patient = 来自 1 名患者
limit-cohort = 仅供科研使用。这些数值描述本队列，不说明任何单个患者的情况。
limit-labels = 标签依据免疫组织化学和原位杂交报告，而阅片者之间的分歧在 HER2 零表达与低表达之间最大。
limit-thresholds = 预测类别为概率最高的类别；所示阈值均在训练队列上选定，之后未改动。

## Facts of data and model
fact-training = 训练：{ $fact }
fact-encoder-input = 编码器的输入
fact-encoder-input-text = { $inputs }，按配置 { $profile } 裁剪（{ $variant }）
fact-encoder-sha256 = 编码器的 SHA-256
fact-seed = 随机种子

## Discrimination
macro-auc = 宏平均 AUC
micro-auc = 微平均 AUC
balanced-accuracy = 平衡准确率
level-interval = { $level } 区间 { $interval }
discrimination-heading = 区分度
discrimination-this = 本次评估
discrimination-cross = 训练队列上的交叉验证
discrimination-macro = 宏平均（各类别的平均）
discrimination-weighted = 按患病比例加权
discrimination-micro = 微平均（全部概率）
discrimination-no-intervals = 未计算区间。
discrimination-intervals = 括号内为 { $level } 百分位区间，由 { $replicates } 次自助抽样得到（抽样单位：{ $unit }）。
discrimination-roc = 每个类别对其余类别的 ROC 曲线{ $banded }。微平均受患病比例和校准影响，宏平均不受影响。
discrimination-banded = ，阴影为自助法得到的逐点 { $level } 带
discrimination-spread-heading = 概率的分布
discrimination-spread = 每行为一个真实类别的病例。直方图按各自最高的一格缩放；横条跨越四分位数，图形标出中位数。
discrimination-all = 涵盖全部类别的指标，附同一自助抽样的两种 { $level } 区间：百分位法，以及偏差校正加速法（BCa）。两者不一致时统计量呈偏态，以后者为准。
discrimination-hand-till = Hand-Till M（类别两两比较）
discrimination-pdi = 多分类区分指数（随机水平 { $chance }）
discrimination-f1 = 宏平均 F1
discrimination-matthews = Matthews 相关系数
discrimination-kappa = 二次加权 Kappa
figure-name = 指标
value = 数值
percentile = 百分位法
standard-error = 标准误
discrimination-delong = 每个类别对其余类别的 AUC，方差按 DeLong 法（logit 尺度上的 { $level } 区间）。该法把各行视为独立；上面的自助法按患者抽样。
discrimination-points = 曲线上的点：特异度不低于所示值时的灵敏度。它们取自本队列，只描述曲线，不保证某一阈值的表现。
discrimination-at = 特异度 { $share }
discrimination-quartiles = { $median }（{ $low } 至 { $high }）
discrimination-spread-table = 预测概率的中位数（四分位数）。
probability-of = P（{ $class }）

## Calibration
calibration-heading = 校准
calibration-nothing = 没有校准曲线。
calibration-caption = 各等量分箱（至多 { $bins } 个）中观察到的比例与预测概率，附 { $level } Wilson 区间。落在虚线上表示预测与实际一致。
calibration-brier = Brier 评分（0 最好，2 最差）
calibration-brier-shares = 仅用本队列类别比例时的 Brier 评分
calibration-brier-skill = Brier 技巧评分（大于 0 优于类别比例）
calibration-log-loss = 对数损失
calibration-ece = 各类别校准误差的平均
calibration-ideal = 理想情况为误差 0、总体截距 0、斜率 1。斜率小于 1 表示概率过于极端，大于 1 表示过于保守。
calibration-error = 校准误差
calibration-large = 总体截距
calibration-slope = 斜率
calibration-intercept = 截距
calibration-points = 校准曲线的各点：平均预测概率、观察到的比例、分箱中该类别的病例数。
calibration-bin = 分箱
calibration-cell = { $predicted }：{ $observed }，{ $events } / { $cases }
calibration-no-recalibration = 此处无法拟合多项再校准：某一类别没有病例，或各类别完全分离。
calibration-against = { $class }对{ $reference }
calibration-recalibration = 多项再校准（Van Hoorde 2014）：以结局对模型自身的对数几率作回归，所有类别同时进行，附 95 % Wald 区间。理想情况为截距 0、斜率 1。
calibration-log-odds = 对数几率
calibration-parts = 各类别 Brier 评分的组成：评分 = 可靠性（理想为 0）− 分辨力（越大越好）+ 不确定性 + 分箱内的部分。
calibration-score = 评分
calibration-reliability = 可靠性
calibration-resolution = 分辨力
calibration-uncertainty = 不确定性
calibration-within = 分箱内
calibration-top = 所判类别概率的校准误差

## Calls
calls-heading = 分类
calls-text = 每个病例按概率最高的类别判定。
calls-caption = 病例数及其占所在行的比例。加框的格子为判定正确。
calls-matrix = 混淆矩阵。
calls-called = 判为{ $class }
calls-accuracy = 准确率
calls-balanced = 平衡准确率（灵敏度的平均）
calls-table = 每个类别对其余类别，附 { $level } Wilson 区间。预测值只适用于本队列的患病比例。
sensitivity = 灵敏度
specificity = 特异度
ppv = 阳性预测值
npv = 阴性预测值
operating-heading = 固定的工作点
operating-table = 概率之和的阈值，在训练队列的折外预测上选定，在此原样使用，附 { $level } Wilson 区间。
operating-decision = 决策
operating-by = 选定依据
operating-threshold = 阈值
operating-cuts = 期望类别以 { $cuts } 为界时的混淆矩阵（{ $rule }），界值在训练队列的折外预测上选定。
list-and = { $first } 和 { $second }

## Net benefit
benefit-heading = 净获益
benefit-text = 净获益为每名患者中正确治疗的病例数，减去按阈值加权的误治病例数。模型的曲线高于“全部治疗”和“全部不治疗”时，模型才值得使用。
benefit-caption = 决策曲线及自助法得到的 { $level } 带。阈值为开始治疗的概率。
benefit-table = 若干阈值处的净获益。
benefit-model = 模型
benefit-everybody = 全部治疗
benefit-nobody = 全部不治疗

## Doubtful labels
doubts-heading = 存疑的标签
doubts-text = 病理医师之间的分歧在 HER2 零表达与低表达之间最大：{ $source }。此处把 { $count } 个标为零表达的病例各以 { $rate } 的概率改为低表达，重复 { $replicates } 次；预测保持不变。
doubts-table = 按原标签的指标，以及仅由此类判读差异造成的 { $level } 范围。
doubts-as-labelled = 按原标签
doubts-range = 范围

## Centres and subgroups
centres-heading = 中心
centre = 中心
patients = 患者数
accuracy = 准确率
centres-none = 数据没有标明中心，因此没有各中心的指标。
centres-one = 全部病例来自同一中心：无法说明模型在其他中心的表现。
centres-caption = 方块为宏平均 AUC 及其区间，其下的图形为各类别的 AUC。虚线为随机水平。
centres-table = 各中心的 AUC，包括总体以及每个类别对其余类别。第二列括号内为 { $classes } 的病例数。
centres-macro = 宏平均
centres-summary = 在 logit 尺度上以随机效应汇总各中心的 AUC（限制性最大似然；{ $level } 区间由中心间方差的置信分布得出，按 Nagashima 等的方法）。预测区间表示另一中心的 AUC 可能所在的范围；I² 为中心间方差所占的比例，p 检验中心间无差异。中心较少时两种区间都很宽，这是应有的结果。
centres-mean = 平均
centres-prediction = 预测区间
subgroups-heading = 亚组
subgroups-caption = 各亚组的宏平均 AUC 及其 { $level } 区间。虚线为全部患者的 AUC。
subgroups-table = 各亚组及其病例数（{ $classes }），以及与其余全部患者的差值。p 检验同一变量各水平的宏平均 AUC 相同；括号内为按变量个数作 Holm 校正后的值。
subgroups-subgroup = 亚组
subgroups-auc-difference = AUC 之差
subgroups-accuracy-difference = 准确率之差
subgroups-p = p（校正后）
subgroups-missing = { $name }：{ $count } 行未知。
named = { $name }：{ $text }

## Survival
survival-heading = 生存
survival-caption = 按所判类别分组的 Kaplan-Meier 曲线，下方为风险人数。
survival-patients = 有随访的患者数
survival-events = 事件数
survival-score = 评分
survival-hazard = 评分每升高一个标准差的风险比（Cox 模型，Efron 法处理同时事件；95 % 区间）
survival-concordance = 一致性指数（Harrell）
survival-log-rank = 所判类别的 log-rank 检验
survival-hazard-value = { $ratio }，p { $p }
survival-test = 卡方 { $statistic }，自由度 { $freedom }，p { $p }

## Figures
figure-roc = ROC 曲线，每个类别对其余类别
figure-roc-text = 宏平均 AUC { $macro }，微平均 AUC { $micro }。
figure-one-minus-specificity = 1 − 特异度
figure-auc-interval = AUC（{ $level } 区间）
figure-micro = 微平均
figure-macro = 宏平均（无曲线）
figure-forest = 各中心的 AUC
figure-forest-text = 整个队列及 { $count } 个中心的宏平均 AUC 和区间。
figure-all = 全部
figure-macro-short = 宏平均
figure-calibration = 各类别的校准
figure-calibration-text = 至多 { $bins } 个等量分箱中观察到的比例与预测概率，各类别校准误差的平均为 { $error }。
figure-observed = 观察到的比例
figure-predicted = 预测概率
figure-calibration-panel = 误差 { $error }，斜率 { $slope }
figure-confusion = 混淆矩阵
figure-confusion-text = 行为真实类别，列为概率最高的类别。
figure-most-probable = 概率最高的类别
figure-benefit-text = 模型与全部治疗、全部不治疗相比的净获益，按阈值。
figure-benefit-model = 模型
figure-benefit-everybody = 全部治疗
figure-benefit-nobody = 全部不治疗
figure-spread = 各真实类别中的预测概率
figure-spread-text = 按真实类别显示各类别概率的直方图、四分位数和中位数。
figure-subgroups = 亚组的 AUC
figure-subgroups-text = { $count } 个变量的各亚组的宏平均 AUC 和区间。
figure-all-patients = 全部患者
figure-survival = 按所判类别的生存曲线
figure-survival-text = { $count } 组的 Kaplan-Meier 曲线，随访至 { $time } { $unit }。
figure-time = 时间（{ $unit }）
figure-at-risk = 风险人数
figure-flow = 患者流程图
figure-flow-text = { $count } 个队列。
figure-found = 找到：{ $count }
figure-used = 使用：{ $count }
figure-no-numbers = 没有可绘制的数值。
# The report on a whole study
study-subtitle = 研究报告
demo-study = 模拟数据演示
study-patients = 患者
study-flow = 从找到的数据到使用的数据。
study-training-role = { $names }（训练）
study-external-role = { $name }（外部）
study-external-part = { $name }，外部部分
study-internal = 训练队列内的验证
study-internal-none = 无法进行交叉验证。
study-internal-text = 折外预测：每名患者都由未见过该患者的模型预测；特征选择、调参和校准均在每个训练折内重新拟合。
study-over-folds = { $folds } 个留出折的宏平均 AUC 的平均：{ $auc }，其区间已校正各折共用的训练数据（Nadeau 和 Bengio 2003）。下面的自助法区间把模型视为固定，在可学到的信息很少时过窄。
study-left-out = 每个中心由其余中心的模型预测
study-not-left-out = { $centre } 无法留出：{ $why }
study-learning = 学习曲线
study-learning-text = 曲线末端仍在上升时，增加患者会有帮助。
study-learning-caption = 相同各折的宏平均 AUC，训练患者的比例逐步增加。
study-learning-line = 折外
study-learning-patients = 训练患者数
study-permutation = 置换检验
study-permutation-text = 在打乱的标签上重复整个流程，达到所观察到的宏平均 AUC 的 p = { $p }（置换 { $count } 次）。
study-permutation-centres = 在打乱的标签上重复整个流程，达到所观察到的宏平均 AUC 的 p = { $p }（在各中心内置换 { $count } 次）。
study-compared = 其他分类器
study-compared-text = 使用相同的折。差值为本研究的模型减去另一模型，两者的患者一同抽取；p 按分类器个数作 Holm 校正。
study-classifier = 分类器
study-difference = 差值
study-failed = 失败：{ $why }
study-external = 外部队列 { $name }
study-external-file = 全部图表见 { $file }。
study-external-heading = 外部队列
study-external-none = 本研究没有外部队列：不知道模型在别处的表现。
study-drift = 与训练队列差别最大的模型特征。标准化差异大于 0.1 通常需要关注；稳定性指数大于 0.25 称为明显漂移。
study-feature = 特征
study-standardised = 标准化差异
study-ks = Kolmogorov-Smirnov 距离
study-stability-index = 稳定性指数
study-no-stability = 没有解释的稳定性：{ $why }
study-maps = 训练队列的分布图
study-maps-text = 在 t-SNE 和 UMAP 中，各组之间的距离意义不大。
study-no-maps = 没有分布图：{ $why }
study-many-columns = 没有分布图：该表有 { $columns } 列，超过 { $most } 列时耗时长于整个研究

## Who the patients are
cohort-characteristic = 特征
cohort-group = { $name }（n = { $count }）
cohort-caption = 患者，按{ $by }。
cohort-unknown = 未知
cohort-quartiles = { $median }（{ $low } 至 { $high }）
cohort-count = { $count }（{ $share }）
cohort-unit = { $name }，{ $unit }
cohort-note = 数值：中位数（四分位数）。p：{ $tests }，未按行数校正。SMD：两列之间最大的标准化均数差；大于 0.1 通常需要关注。

## Guidelines
checklist-text = { $source }。共 { $all } 项，triher 回答 { $answered } 项，部分回答 { $part } 项；{ $author } 项由作者填写，{ $undone } 项本研究未做。
checklist-item = 条目
checklist-topic = 要求
checklist-state = 状态
checklist-say = triher 能够说明的内容
checklist-answered = 已回答
checklist-in-part = 部分回答：请补充
checklist-by-author = 由作者填写
checklist-not-done = 本研究未做
answer-performance = 宏平均 AUC { $auc }，{ $patients } 名患者。
answer-centre = { $centre }（{ $count } 名患者）
answer-sizes = { $cohort }：{ $classes }。
answer-size = { $class } { $count } 名
answer-training = 训练
answer-no-auc = { $patients } 名患者，没有 AUC。
answer-out-of-fold = 折外：{ $text }

## Abbreviations
abbreviations-heading = 缩写
abbreviation-auc = ROC 曲线下面积：该类别病例的概率高于其他病例的可能性；0.5 为猜测，1 为完美
abbreviation-roc = 受试者工作特征：所有阈值下灵敏度与 1 − 特异度的关系
abbreviation-bca = 偏差校正加速法：一种自助法区间
abbreviation-her2 = 人表皮生长因子受体 2
abbreviation-dce-mri = 动态增强磁共振成像
abbreviation-mri = 磁共振成像
abbreviation-ihc = 免疫组织化学
abbreviation-ish = 原位杂交
abbreviation-asco-cap = 美国临床肿瘤学会与美国病理学家学会，其指南规定 HER2 状态
abbreviation-smd = 标准化均数差：差值除以标准差
abbreviation-f1 = 灵敏度与阳性预测值的调和平均
abbreviation-i2 = 中心间方差所占的比例
abbreviation-pca = 主成分分析
abbreviation-tsne = t 分布随机邻域嵌入：保持邻域关系的分布图
abbreviation-umap = 均匀流形逼近与投影：保持邻域关系的分布图
abbreviation-combat = 消除特征中心间差异的方法
abbreviation-reml = 限制性最大似然
abbreviation-claim = 医学影像人工智能报告清单
abbreviation-tripod = 个体预后或诊断多变量预测模型透明报告规范（含人工智能）
abbreviation-sha256 = 校验和，用于判断文件是否相同
abbreviation-lps = 指向患者左、后、头侧的坐标
abbreviation-c0 = 增强前期相；C1、C2 等为增强后各期相
abbreviation-csv = 文本文件形式的表格
abbreviation-l2 = 对系数平方的惩罚
abbreviation-emb = 以 emb_ 开头的特征是编码器给出的数值，单独没有含义
abbreviation-kin = 以 kin_ 开头的特征描述对比剂的进出
abbreviation-fo = 以 fo_ 开头的特征是病灶信号的一阶统计量
abbreviation-pe = 强化率：信号相对于增强前的升高
abbreviation-ser = 信号增强率：早期强化与晚期强化之比
abbreviation-adamw = 权重衰减解耦的 Adam：逐步修改权重的方法
abbreviation-gelu = 高斯误差线性单元：两层之间的非线性函数
abbreviation-rad = 以 rad_ 开头的特征是按影像生物标志物标准化倡议（IBSI）定义的影像组学特征
abbreviation-log-odds = 几率 p /（1 − p）的对数
checklist-not-applicable = 不适用
checklist-text-weighted = { $source }。共 { $all } 项条目和条件，triher 回答 { $answered } 项，部分回答 { $part } 项；{ $author } 项由作者填写，{ $undone } 项本研究未做，{ $none } 项不适用。
checklist-weight = 权重
checklist-weights = triher 不给出评分：条目是否满足由作者判断。评分为满足的条目的权重与全部适用条目的权重之比。在全部条目的权重中，已回答 { $answered }，部分回答 { $part }，由作者填写 { $author }，本研究未做 { $undone }，不适用 { $none }。
checklist-condition = 条件 { $number }
checklist-no = 否。
checklist-unmet = { $condition } 不成立。
study-of-figures = 关于这些数值
study-sets = 预测集：包含真实类别的频率。其保证适用于与训练患者相似的患者；按类别构建时对每个类别成立，但不针对任何单个中心。
study-sets-group = 组
study-sets-count = 预测集数
study-sets-hold = 包含真实类别
study-sets-size = 每集类别数
study-sets-empty = 空集
study-sets-all = 全部行
study-sets-class = 类别 { $name }
study-sets-centre = 中心 { $name }
study-sets-share = { $share }（{ $covered } / { $rows }）
