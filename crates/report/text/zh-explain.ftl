# The pages on what moves a model and on how a cohort lies, and their figures

## What moves a model
explain-title = 影响模型的因素
explain-subtitle = 各特征的 Shapley 值
explain-none = 没有任何特征影响该模型：它对所有患者给出相同的结果。
explain-bars = 各特征 Shapley 值的平均大小（{ $method }），按类别堆叠。
explain-swarm = 各特征对{ $class }的贡献，每个点为一名患者。线右侧支持该类别，左侧反对；颜色表示患者的特征值在全部患者中偏小还是偏大。
explain-decisions = 得分的形成过程
explain-decision = 每条线为一名患者，颜色表示真实类别：从模型一无所知时对{ $class }的得分（底部）开始，逐个加入特征，直至该患者的得分（顶部）。
explain-decision-named = 下文单独列出的患者以黑线绘出并编号。
explain-folds = 换一部分队列，是否仍会得到相同的特征？
explain-folds-text = 在每一折中重新拟合模型并解释留出的患者：每个点为该特征在一折中贡献的平均大小（各类别之和），线段从最小值到最大值。
explain-blocks = 特征组
explain-blocks-text = 每一组特征贡献之和（带符号）的平均大小，按类别堆叠。
explain-features = 特征
explain-table = 贡献的平均大小（{ $unit }），从大到小。
explain-patient = 患者 { $patient }
explain-waterfall = 从模型一无所知时对{ $class }的得分（底部）到对该患者的得分（顶部）。蓝色支持该类别，橙色反对。
explain-why-none = 此处没有依据：只有逻辑回归以及未使用主成分的随机森林和提升树才有精确的 Shapley 值；其他分类器在不超过 { $most } 列时本报告给出估计值，而该模型有 { $columns } 列。`triher explain` 可以估计。
explain-stability = { $folds } 折之间的稳定性
explain-stability-text = 特征大小的秩相关 { $correlation }；前十个特征中共有 { $share }
explain-limits = 本页不能说明什么
explain-limit-cause = 贡献说明是什么影响了该模型，而不是什么导致肿瘤属于某一类别。
explain-limit-shared = 同升同降的特征会分摊贡献；另一个同样好的模型可能分摊得不同。
explain-limit-calibration = 这些数值针对校准之前的分类器；校准改变的是把握程度，而不是依据。

## Similar cases
similar-heading = 与该患者最相似的训练患者
similar-text = 在模型所用特征上与该患者最接近的病例。距离以标准差为单位，为各特征的均方根。
similar-case = 病例
similar-distance = 距离
similar-this = 该患者
similar-lesion = { $case }的病灶
similar-no-picture = 无图像
similar-pictures = 各病灶面积最大的层面：左为增强后第一期，右为其减去增强前图像。头侧在上，患者左侧在右；宽 48 mm，病灶较大时相应加宽。每幅图像有各自的灰度范围。
similar-none = 训练表中没有其他患者。
similar-far = 其中最接近的病例也相距很远：平均超过 { $limit } 个标准差。模型没有见过与该病灶相似的病例，不应把它们视为相似。
similar-caution = 病例接近说明模型认为它们相似，而不说明它们在与 HER2 有关的方面相似。
similar-other-table = 按校验和，该表不在训练该模型所用的文件之列：表中病例可能不是训练患者。

## Figures on what moves a model
figure-folds = 各折中的贡献
figure-folds-text = { $features } 个特征，{ $folds } 折。
figure-folds-axis = 每一折中贡献的平均大小（{ $unit }）
figure-decision = { $class }得分的形成过程
figure-decision-text = 决策图：{ $rows } 行中的 { $shown } 行，共 { $steps } 步。
figure-decision-axis = { $class }的得分（{ $unit }）；基准 { $base }
figure-waterfall = { $class }得分的形成过程
figure-waterfall-text = 从 { $base } 到 { $score }。
figure-score = 得分 { $value }
figure-base = 基准 { $value }
figure-all-others = 其余全部特征
figure-other-features = 其余 { $count } 个特征
figure-effects = 贡献的平均大小
figure-effects-text = { $features } 个特征在 { $classes } 个类别上的堆叠条形图。
figure-effects-axis = 贡献的平均大小（{ $unit }）
figure-swarm = 对{ $class }的贡献
figure-swarm-text = { $features } 个特征的蜂群图。
figure-swarm-axis = 对{ $class }的贡献（{ $unit }）
figure-value-small = 特征值：小
figure-value-large = 大

## Maps of a cohort
map-title = 队列分布图
map-subtitle = 特征的二维分布图
map-by = 按{ $by }
map-centre = 能在多大程度上识别中心
map-centre-caption = 特征的主成分，按中心着色；下方为识别中心的程度。经 ComBat 处理后，各点应落在表示随机水平的竖线上。
map-centre-table = 如果模型学到的是中心而不是生物学特征，换到别处便没有价值。准确率为基于特征的逻辑回归的折外准确率，与总是判为最大中心的结果比较；各中心相互混杂时轮廓系数为 0，各自分开时接近 1。
map-features = 特征
map-accuracy = 识别中心的准确率
map-by-chance = 随机水平
map-auc = 识别中心的宏平均 AUC
map-silhouette = 轮廓系数
map-neighbours = 近邻中同一中心的比例
map-reading = 如何阅读分布图
map-read-points = 每个点为表中的一行。主成分保留较大的距离；t-SNE 和 UMAP 保留邻近关系：图中两组之间的距离、各组的大小和密度意义不大。
map-read-trust = 可信度是图上看似接近且在特征上确实接近的比例，连续性则相反；1 为全部。
map-read-proof = 图上分开的组并不能证明模型能在新患者中区分它们：这要由评估来回答。

## Figures of maps
figure-batch = 批次效应
figure-batch-axis = 比例，或曲线下面积
figure-by-chance = 随机水平
figure-maps = 队列分布图，按{ $by }
figure-maps-text = { $points } 个点，{ $groups } 组。
figure-by = 按{ $by }
figure-others = 其余 { $count } 组
figure-unknown = 未知
