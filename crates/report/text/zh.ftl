# 患者报告的全部文字（中文）。键与占位符同 en.ftl。

## 页面
research-use = 仅供科研使用，不用于诊断
written-by = { $notice }。由 triher { $version } 生成。
title = 患者 { $patient } 的 HER2 分类
subtitle = 患者 { $patient }
page-of = 第 { $page } 页，共 { $pages } 页
replaced-characters = 本文件字体不含的字符显示为 □。
untranslated = 图像读取与模型文件的技术说明为英文原文。
not-available = 无数据
seconds = { $value } 秒
percent = { $value } %
list-or = { $first }或{ $second }
list-comma = { $first }、{ $second }

## 模拟数据
simulated-heading = 模拟数据
simulated-text = 这些图像由物理模型计算得到，不属于任何患者。图表只说明软件能够运行，不说明在患者中判断 HER2 状态的能力。
simulated-model = 模型由模拟患者训练：其概率对真实患者没有意义。

## 警告
warnings-heading = 警告
warning-strange = 该病灶与训练病灶不相似（超出训练分布）：预测属于外推，不应采信。
warning-upstream = { $what } 的拟合使用了包括本患者在内的数据：预测结果偏乐观。
warning-one-class = 几乎全部概率集中于一个类别。请确认模型不是只用一个类别训练，并确认图像符合模型要求。
warning-no-lesion = 未提供或未找到病灶：没有预测结果。
warning-one-phase = 期相少于两个：无法测量强化。

## 结果
result-heading = 结果
result-none = 该患者没有预测结果。
result-called = 概率最高的类别：{ $class }。概率由模型给出，其可靠程度取决于模型在同类患者中的校准。
result-table = 各类别的概率
result-class = 类别
result-probability = 概率
figure-probabilities = 各类别的概率
class-zero = HER2 零表达
class-low = HER2 低表达
class-ultralow = HER2 超低表达
class-positive = HER2 阳性
class-negative = HER2 阴性

## 不确定性
uncertainty-heading = 模型的把握程度
set-none = 该模型不给出预测集，不确定性只能由概率判断。
set-empty = 预测集为空：没有任何类别与该病灶足够吻合，预测不应采信。
set-one = 预测集：仅{ $class }。
set-several = 预测集：{ $classes }：对该患者无法区分。
set-all = 预测集：{ $classes }：所有类别均有可能，图像不能作出判断。
set-coverage = 对于与训练人群相似的患者，此类预测集的目标是在 { $coverage } 的患者中包含真实类别。
spread-views = 在图像块的 { $views } 个视图中，{ $class }的概率为 { $low } 至 { $high }（标准差 { $deviation }）；{ $agreement } 的视图给出该类别。
calibration-done = 概率已用模型未见过的训练患者校准（{ $method }）。
calibration-none = 训练后未对概率进行校准。
novelty-none = 该模型不测量病灶是否与训练病灶相似。
novelty-inside = 在训练分布之内（马氏距离 { $mahalanobis }，与最近训练病灶的距离 { $neighbour }）。
novelty-outside = 超出训练分布（马氏距离 { $mahalanobis }，与最近训练病灶的距离 { $neighbour }）。

## 图像
images-heading = 读取的图像
images-none = 没有图像可供显示。
legend-outline = 病灶轮廓
legend-crop = 编码器所见的裁剪范围
legend-heat = 归因：由无（不着色）至最大（红色）
planes-heading = 经病灶的三个平面
planes-text = 增强后第一期与增强前图像之差（C1 - C0）。患者左侧位于图像右侧。
attribution-heading = 模型关注的位置
attribution-text = 归因图（{ $name }）叠加于三个平面的差值图 C1 - C0 及各期图像，按其绝对值的第 99.5 百分位数缩放。归因描述的是模型，而非疾病。
attribution-empty = 归因图（{ $name }）处处为零或位于图像之外。
attribution-rollout = 注意力展开：网络所关注的位置，与类别无关
attribution-relevance = 梯度乘注意力：支持预测类别的位置
attribution-integrated-gradients = 积分梯度：预测类别得分的各部分
attribution-occlusion = 遮挡：遮住一个立方体后预测类别得分下降的幅度
patch-heading = 编码器的输入
phase-before = C0，增强前
phase-after = C{ $number }，增强后
plane-axial = 横断面，第 { $slice } 层
plane-coronal = 冠状面，第 { $slice } 层
plane-sagittal = 矢状面，第 { $slice } 层
series-heading = 序列
series-none = 没有列出已读取的序列。
series-read = 已读取。C0 为增强前期相，C1、C2 等为增强后期相，时间为距 C0 的秒数。
series-phase = { $source }，{ $slices } 层，{ $time }
series-aside = 未采用的序列及原因
time-unknown = 时间未知
told-apart = 期相的区分依据
grid = 图像网格

## 病灶
lesion-heading = 病灶
lesion-none = 没有计算病灶的数值。
lesion-found-by = 病灶来源
lesion-volume = 体积
lesion-effective-diameter = 等效直径（等体积球）
lesion-longest-diameter = 最长径
lesion-voxels = 体素数
curve-caption = 病灶平均信号。曲线类型：{ $kind }。
curve-quantity = 病灶平均信号
curve-table = 曲线各点
curve-phase = 期相
curve-seconds = 秒
curve-axis-seconds = 距增强前期相的秒数
curve-title = 病灶的时间-信号曲线
curve-too-few = 期相少于两个：没有曲线。
curve-persistent = 持续上升型（I 型）：第一期之后信号仍上升超过 10 %
curve-plateau = 平台型（II 型）：第一期之后信号变化在 10 % 以内
curve-wash-out = 流出型（III 型）：第一期之后信号下降超过 10 %
curve-undetermined = 无法确定（需要两个增强后期相）

## 依据
reasons-heading = 依据
reasons-none = 该模型不给出单个患者的依据。
reasons-caption = 各特征对{ $class }对数几率的贡献，以训练患者的平均值为基准。贡献描述的是模型，而非生物学。
reasons-table = 对预测影响最大的特征
reasons-feature = 特征
reasons-standing = 在训练患者中的位置
reasons-contribution = 贡献
reasons-figure = 对预测影响最大的特征
reasons-bars = 向右的条支持所预测的类别，向左的条反对该类别。
reasons-for = 支持
reasons-against = 反对
standing-higher = 高于其中 { $share } 的患者；支持{ $class }
standing-higher-against = 高于其中 { $share } 的患者；反对{ $class }
standing-lower = 低于其中 { $share } 的患者；支持{ $class }
standing-lower-against = 低于其中 { $share } 的患者；反对{ $class }
standing-none = 位置未知；支持{ $class }
standing-none-against = 位置未知；反对{ $class }
reasons-no-quantiles = 模型文件没有保存训练特征的分布，因此特征在训练患者中的位置未知。重新训练即可加入。

## 模型说明
model-heading = 模型说明卡
model-none = 没有提供模型的信息。
model-use = 预期用途
model-use-text = 用于由乳腺动态增强 MRI（DCE-MRI）判读 HER2 状态的研究。不用于诊断、治疗或分诊。
model-limits = 局限性
model-limits-text = 最多只适用于与训练人群相似的患者、设备和方案。HER2 零表达与低表达的差别取决于免疫组织化学判读，病理医师之间的一致性本身有限。不能代替活检。
model-cohort = 训练人群
model-cohort-text = { $rows } 个病灶，{ $patients } 名患者
model-classes = 类别（训练病灶数）
model-centres = 中心（训练病灶数）
model-count = { $name }：{ $count }
model-auc = 交叉验证 AUC（ROC 曲线下面积，各类别平均）
model-auc-class = { $class }对其余类别的 AUC
model-auc-value = { $value }（95 % 置信区间 { $low } 至 { $high }）
model-auc-none = 未进行交叉验证
model-classifier = 分类器
model-features = 特征数
model-encoder = 编码器
model-encoder-none = 无：模型不使用预训练编码器的嵌入特征
model-encoder-some = { $name }；其中 { $count } 个特征来自编码器
model-encoder-unnamed = { $count } 个特征为预训练编码器的嵌入特征
model-file = 模型文件
model-sha256 = SHA-256

## 未核查的内容
not-checked-heading = 未核查的内容
not-checked-carcinoma = 是否为癌，以及轮廓是否正确：均由阅片者判断。
not-checked-motion = 未校正各期相之间的患者运动。
not-checked-scanner = 设备与扫描方案是否与训练数据相似。

## 来源
provenance-heading = 来源
provenance-text = 重新生成本报告所需的信息：程序版本以及所读每个文件的 SHA-256。
provenance-version = triher

## 特征词典
feature-kinetic = { $quantity }，{ $summary }
quantity-pe_early = 增强后第一期强化率
quantity-pe_peak = 峰值强化率
quantity-pe_last = 末期强化率
quantity-pe_phase = C{ $phase } 期强化率
quantity-initial_slope = 强化初始斜率
quantity-wash_in_rate = 流入速率（至峰值，按时间）
quantity-wash_in_per_phase = 每期流入量
quantity-wash_out = 流出速率
quantity-wash_out_ratio = 流出率
quantity-late_change = 增强后首期至末期的变化
quantity-ser = 信号增强率
quantity-time_to_peak = 达峰时间
quantity-peak_phase_fraction = 峰值所在期相的位置
quantity-auc = 强化曲线下面积
quantity-auc_per_phase = 每期强化曲线下面积
summary-curve = 病灶平均曲线
summary-mean = 病灶内平均值
summary-sd = 病灶内标准差
summary-p10 = 病灶内第 10 百分位数
summary-p50 = 病灶内中位数
summary-p90 = 病灶内第 90 百分位数
feature-fraction_persistent = 持续上升型强化（I 型）所占比例
feature-fraction_plateau = 平台型强化（II 型）所占比例
feature-fraction_washout = 流出型强化（III 型）所占比例
feature-functional_volume = 功能性肿瘤体积（强化体素）
feature-functional_fraction = 功能性肿瘤体积所占比例（强化体素）
feature-pattern = 曲线模式 { $name } 所占比例
feature-size_volume = 病灶体积
feature-size_effective_diameter = 病灶等效直径
feature-size_longest_diameter = 病灶最长径
feature-first-order = { $source }信号，{ $statistic }
source-pre = 增强前
source-post1 = 增强后第一期
source-last = 末期
source-sub1 = 第一期增加的
statistic-mean = 平均值
statistic-variance = 方差
statistic-skewness = 偏度
statistic-kurtosis = 超额峰度
statistic-median = 中位数
statistic-min = 最小值
statistic-p10 = 第 10 百分位数
statistic-p90 = 第 90 百分位数
statistic-max = 最大值
statistic-iqr = 四分位距
statistic-range = 极差
statistic-mad = 平均绝对偏差
statistic-rmad = 稳健平均绝对偏差
statistic-energy = 能量
statistic-rms = 均方根
statistic-entropy = 熵
statistic-uniformity = 均匀度
statistic-cov = 变异系数
statistic-qcod = 四分位离散系数
statistic-medad = 中位绝对偏差
feature-embedding = 编码器，输入 { $input }，第 { $component } 个分量（单独无含义）
feature-other = { $name }（技术名称；见特征表词典）

## What could not be done
features-without-value = { $count } 个特征没有值：{ $why }
refused-prediction = 没有作出预测
refused-evaluation = 没有进行评估
refused-study = 研究未能进行
refused-what = 缺少的内容
refused-remedy = 处理方法
refused-message = 程序的消息（英文）
refused-empty-mask = 没有病灶：掩膜没有标出任何体素。
refused-empty-mask-remedy = 请确认掩膜属于该患者，且病灶的标签大于 0。也可以给出病灶内一点（--seed）或包围病灶的方框（--box），或由 `triher find` 提出病灶。
refused-nothing-found = 没有找到病灶：种子点处或方框内的组织没有强化，或与周围没有界限。
refused-nothing-found-remedy = 请选择强化病灶内的一点、更贴近的方框，或提供掩膜（--mask）。`triher find` 可提出位置。
refused-which-lesion = 不清楚所指的是哪个病灶。
refused-which-lesion-remedy = 请用 --lesion largest 或 --lesion named:LABEL 指定；下面的消息列出了标签。
refused-one-phase = 只有一个期相，无法测量强化。动态检查包括一个增强前期相和至少一个增强后期相。
refused-one-phase-remedy = 请在存档中查找其他期相，并提供包含全部期相的文件夹。`triher scan STUDY --explain` 说明其中有什么，以及每个序列被采用或未采用的原因。
refused-before-contrast = 缺少增强前期相，无法测量强化。
refused-before-contrast-remedy = 请在存档中查找增强前期相；文件名为 pre、C0 或 _0000。`triher scan STUDY --explain` 说明其中有什么。
refused-grid = 掩膜与图像不在同一网格上，无法确定病灶在图像中的位置。
refused-grid-remedy = 请提供在这些图像上绘制的掩膜，或要求将其重采样到图像网格（--resample-mask）并检查轮廓。
refused-images = 无法把这些图像读取为一名患者的一次动态检查。
refused-images-remedy = `triher scan STUDY --explain` 说明其中有什么，以及每个序列被采用或未采用的原因；下面的消息说明问题所在。
refused-features = 缺少模型所需的特征。
refused-features-remedy = 请提供包含模型训练所用各列的表，或提供能够计算这些特征的期相；下面的消息列出了其中前几个。
refused-one-class-alone = 所有行都属于同一类别，没有可以区分的内容。
refused-one-class-alone-remedy = 请加入至少另一个类别的行，并检查标签列是否正确。
refused-other = 输入无法使用。
refused-other-remedy = 下面的消息说明问题所在及处理方法。

## Reasons that are not Shapley values
reasons-alone-caption = 仅把该特征换成训练患者的平均值时，{ $class }的对数几率下降的幅度。贡献描述的是模型，而非生物学。
reasons-alone = 这些不是 Shapley 值，相加不一定等于总分：该模型（{ $classifier }）没有系数，而单个患者的精确依据需要训练表，模型文件并不保存该表。`triher explain` 可由训练表计算。
reasons-still = 没有依据：对该患者而言，任何单个特征都不会改变该模型（{ $classifier }）的得分。`triher explain` 可由训练表计算 Shapley 值。
attribution-none = 没有归因图：{ $why }
attribution-no-encoder = 该模型没有编码器，因此没有网络可供询问关注的位置。
attribution-not-possible = 无法为该模型生成，或无法从该文件读取。程序的消息（英文）：{ $message }

# The viewer (`triher view`).
view-research-only = 仅供科研使用，不可用于诊断
view-patient = 患者
view-images = 图像
view-canvas = 患者 { $patient } 的横断面、冠状面和矢状面
view-phase = 期相
view-phase-before = C0，增强前
view-phase-after = C{ $number }，增强后
view-phase-seconds = { $name }，{ $seconds } 秒
view-subtraction = 减去增强前图像
view-overlay = 叠加图
view-overlay-none = 无
view-overlay-percent-enhancement = 增强百分比，增强后第一期（PE）
view-overlay-signal-enhancement-ratio = 信号增强比（SER）
view-overlay-ktrans = 转运常数 Ktrans，扩展 Tofts 模型，病灶内
view-overlay-habitats = 病灶生境：曲线相似的体素
view-overlay-attribution = 模型关注的位置（归因）
view-overlay-range = 颜色范围 { $low } 至 { $high } { $unit }
view-opacity = 不透明度
view-curve = 光标处曲线
view-curve-label = 增强百分比随时间变化：体素（实线）与病灶（虚线）；数值见下表
view-curve-seconds = 第一期之后的秒数；增强以 % 计
view-curve-phases = 期相；增强以 % 计
view-legend-voxel = 该体素
view-legend-lesion = 病灶均值
view-column-seconds = 秒
view-column-signal = 信号
view-column-enhancement = PE，%
view-column-lesion = 病灶
view-place = 体素 { $voxel }，位置 { $x }, { $y }, { $z } mm（LPS）
view-place-in-lesion = 体素 { $voxel }，位置 { $x }, { $y }, { $z } mm（LPS），位于病灶内
view-outside = 图像之外
view-outline = 病灶轮廓
view-outline-none = 尚无轮廓：请绘制。
view-outline-facts = { $from }：{ $voxels } 个体素，{ $volume } ml，最长径 { $diameter } mm
view-pen = 画笔
view-pen-off = 关闭
view-pen-draw = 绘制
view-pen-erase = 擦除
view-pen-box = 矩形
view-pen-size = 大小
view-undo = 撤销
view-apply = 采用此轮廓
view-save = 保存轮廓（NIfTI）
view-saved = 已保存为 { $file }，可用于 `triher predict --mask`。
view-prediction = 预测
view-predict = 重新预测
view-set = 预测集：{ $classes }。
view-strange = 该病灶与训练病灶不同：不应依赖该预测。
view-about = 针对当前轮廓（{ $from }，{ $voxels } 个体素）。
view-keys-heading = 按键
view-keys = 方向键、Page Up 和 Page Down 移动光标；[ 和 ] 切换期相；s 减影；l 定位病灶；u 撤销一笔；p 预测。
view-warnings = 注意事项
view-busy = 正在处理：{ $what } ...
view-ready = 就绪
