# The pages on training runs of an encoder

training-pretraining = 编码器预训练
training-finetuning = 编码器微调
training-learned = 训练范围：{ $what }。类别：{ $classes }。
training-no-data = 未提供数据信息。
training-network = 网络
training-settings = 训练
training-simulated = 这些图像块由物理模型计算得到，不对应任何真实的人。网络从中学到的内容本身不能说明患者的情况。
training-some-rows = 共 { $rows } 行，显示 { $shown } 行；曲线文件包含全部。

## The network
training-input = 输入
training-input-text = { $side } x { $side } x { $side } 体素，{ $channels } 个通道
training-tokens = 词元
training-tokens-text = { $count } 个 { $side } x { $side } x { $side } 体素的图像块和一个类别词元
training-blocks = 层
training-blocks-text = { $depth } 层，宽度 { $width }，{ $heads } 个注意力头，隐藏层 { $hidden }
training-weights = 权重
training-weights-text = 编码器 { $encoder } 个，全部训练参数 { $all } 个
training-head = 分类头
training-head-linear = 线性，基于类别词元
training-head-mlp = { $hidden } 个单元的隐藏层（GELU），基于类别词元
training-head-two = 瓶颈（{ $hidden } 至 { $bottleneck }）之后的两个分支：类别词元，以及与病灶相交的词元
training-fusion = 编码器之前
training-fusion-text = 融合 C2-C0、C2 和 C5-C2 的卷积
training-encoder = 编码器
training-encoder-word = 个权重
training-million = { $count } 百万

## What was asked
training-method = 方法
training-mae = 掩码自编码器，遮住 { $share } 的图像块
training-moco = 动量对比学习（MoCo v3）
training-steps = 步数
training-steps-text = { $steps } 步，每步 { $patches } 个图像块
training-steps-word = 每步 { $patches } 个图像块
training-optimiser = 优化器
training-optimiser-text = AdamW，经 { $steps } 步预热后学习率为 { $rate }，随后按余弦下降；权重衰减 { $decay }，beta 为 { $first } 和 { $second }，{ $clip }
training-clipped = 梯度长度限制为 { $length }
training-not-clipped = 梯度不作限制
training-changes = 随机变换
training-changes-none = 无
training-changes-text = 翻转概率 { $flip }，直方图偏移 { $histogram }，平滑 { $smooth }，噪声 { $noise }；平移至多 { $shift } 个体素
training-what = 训练范围
training-depth-head = 仅分类头
training-depth-last = 分类头和最后 { $count } 层
training-depth-all = 全部
training-cross-entropy = 交叉熵
training-ordinal = 有序损失：“高于该类别”的交叉熵
training-balanced = { $loss }，各类别按频率的倒数加权
training-epochs = 轮数
training-epochs-text = 至多 { $epochs } 轮，每步 { $samples } 个样本；验证损失连续 { $patience } 轮未改善则停止
training-decay = 逐层衰减 / 随机深度

## How it went
training-patches = 图像块
training-samples = 样本
training-step = 步
training-epoch = 轮
training-loss = 损失
training-loss-end = 最终损失
training-loss-end-word = 最后 { $steps } 步的平均值
training-loss-mae = 被遮住的图像块中体素的均方误差。
training-loss-moco = 两个视图的对比损失，乘以两倍温度。
training-loss-training = 训练损失
training-loss-validation = 验证损失
training-loss-stopped = 验证损失来自为决定何时停止而留出的患者；保留其最小时的权重。
training-loss-not-stopped = 未留出患者；权重为最后一轮之后的权重。
training-rate = 学习率
training-rate-text = 每一步所设的数值。
training-rate-head = 每一轮结束时分类头的学习率。
training-gradient = 梯度
training-gradient-length = 梯度长度
training-gradient-text = 全部权重的欧几里得长度，限制之前。
training-kept = 保留第 { $epoch } 轮
training-epoch-kept = 保留的轮次
training-epochs-done = 共完成 { $count } 轮
training-held-out = 留出的患者
training-same-epoch = 同一轮
training-fold = 第 { $fold } 折，第 { $epoch } 轮
training-folds = 各折
training-folds-text = 每一折单独训练；图例给出用于预测该折患者的权重所在的轮次，这些患者不参与其选择。
training-folds-note = { $count } 折合并的指标（预测均来自未见过该患者的网络）见交叉验证页面。所写出的权重由全部患者训练。
training-cross-validation = 微调编码器的交叉验证
training-cross-validation-folds = { $count } 折，按患者划分
training-cross-validation-limit = 每个样本均由未见过该患者的网络预测。所有患者来自同一张表：由此无法得知网络在其他中心图像上的表现。
