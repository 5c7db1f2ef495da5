extension ModelConfiguration {
  /// Throws what makes the configuration impossible, in one sentence.
  package func validate() throws(CheckpointError) {
    try validateSizes()
    guard ropeBase.isFinite, ropeBase > 0, normEpsilon.isFinite, normEpsilon >= 0 else {
      throw CheckpointError("the rotary base must be above 0 and the norm's epsilon at least 0")
    }
    try ropeScaling?.validate()
    try validateScores()
    try validateWindow()
    try validateBlocks()
    try scoreHead?.validate()
  }

  private func validateSizes() throws(CheckpointError) {
    let sizes = [
      ("vocabulary size", vocabularySize), ("hidden size", hidden), ("number of layers", layers),
      ("number of heads", heads), ("number of key-value heads", keyValueHeads),
      ("head size", headSize), ("intermediate size", intermediate),
      ("number of positions", maximumPositions),
    ]
    for (name, value) in sizes where value < 1 || value > 1 << 31 {
      throw CheckpointError(
        "the model's \(name) must be at \(value < 1 ? "least 1" : "most 2^31"), found \(value)")
    }
    guard heads % keyValueHeads == 0 else {
      throw CheckpointError(
        "\(keyValueHeads) key-value heads do not divide \(heads) heads; choose a divisor")
    }
    guard headSize % 2 == 0 else {
      throw CheckpointError("the head size \(headSize) is odd; rotary positions need pairs")
    }
  }

  private func validateScores() throws(CheckpointError) {
    let isPlain = queryScalar == nil && scoreCap == nil && logitCap == nil
    guard isPlain || architecture == .gemma2 else {
      throw CheckpointError(
        "only gemma2 has a query scalar and soft-caps, not \(architecture.rawValue)")
    }
    guard [queryScalar, scoreCap, logitCap].allSatisfy({ $0 ?? 1 > 0 && ($0 ?? 1).isFinite }) else {
      throw CheckpointError("the query scalar and the soft-caps must be above 0")
    }
  }

  private func validateWindow() throws(CheckpointError) {
    guard slidingWindow ?? 1 > 0 else {
      throw CheckpointError("the sliding window must be at least 1, found \(slidingWindow ?? 0)")
    }
    guard slidingWindow == nil || architecture != .llama else {
      throw CheckpointError("llama has no sliding window; choose another architecture")
    }
    let known = (slidingLayers ?? []).allSatisfy { (0..<layers).contains($0) }
    guard known, slidingLayers ?? [] == (slidingLayers ?? []).sorted() else {
      throw CheckpointError("the sliding layers must be layers of the model, ascending")
    }
    guard slidingWindow == nil || dualChunk == nil else {
      throw CheckpointError("dual chunk attention and a sliding window exclude each other")
    }
    try dualChunk?.validate()
  }

  private func validateBlocks() throws(CheckpointError) {
    guard experts == nil || architecture == .qwen2MoE else {
      throw CheckpointError("only qwen2_moe has experts, not \(architecture.rawValue)")
    }
    guard !mlpBias || architecture == .llama else {
      throw CheckpointError("only llama has biases in its MLP, not \(architecture.rawValue)")
    }
    guard attentionBias != false || architecture != .qwen2 else {
      throw CheckpointError("qwen2 always has biases on query, key and value")
    }
    try experts?.validate()
  }

  /// How many parameters a valid configuration has, without laying them out: a file may claim any size.
  /// Throws when the number is beyond what a process can address.
  func parameterCount() throws(CheckpointError) -> Int {
    guard let total = counts(activeOnly: false).total, total <= 1 << 48 else {
      throw CheckpointError(
        "a model of \(layers) layers, width \(hidden), MLP width \(intermediate) and "
          + "\(vocabularySize) tokens is too large to be true")
    }
    return total
  }

  /// Parameters that a token meets, embeddings and output matrix counted whole; for a model that
  /// `validate` and `parameterCount` pass.
  package func activeParameterCount() throws(CheckpointError) -> Int {
    _ = try parameterCount()
    return counts(activeOnly: true).total ?? 0
  }

  /// Parameters of the layers and the last norm: all but embedding and output.
  package func bodyParameterCount(activeOnly: Bool) -> Int {
    counts(activeOnly: activeOnly, withEmbeddings: false).total ?? .max
  }

  private func counts(activeOnly: Bool, withEmbeddings: Bool = true) -> CheckedCount {
    var sum = CheckedCount()
    if withEmbeddings { countEnds(&sum) }
    let sparse = experts.map { experts in
      let all = layers / experts.sparseStep
      let dense = Set(experts.denseLayers).filter {
        $0 >= 0 && $0 < layers && ($0 + 1) % experts.sparseStep == 0
      }
      return all - dense.count
    }
    countAttention(&sum)
    sum.add(layers - (sparse ?? 0), 3, intermediate, hidden)
    if mlpBias { sum.add(layers, 2 * intermediate + hidden) }
    if let experts, let sparse {
      sum.add(sparse, experts.count + 1, hidden)
      sum.add(sparse, activeOnly ? experts.active : experts.count, 3, experts.intermediate, hidden)
      sum.add(sparse, 3, experts.sharedIntermediate, hidden)
    }
    sum.add(hidden)
    return sum
  }

  private func countEnds(_ sum: inout CheckedCount) {
    sum.add(vocabularySize, hidden)
    guard let scoreHead else {
      if !isTied { sum.add(vocabularySize, hidden) }
      return
    }
    if let grades = scoreHead.grades {
      sum.add(grades.heads, grades.hidden, hidden)
      sum.add(grades.heads, grades.hidden)
      sum.add(grades.heads, grades.classes, grades.hidden)
    }
    guard let width = scoreHead.hidden else { return sum.add(scoreHead.labels, hidden) }
    sum.add(width, hidden)
    sum.add(width)
    sum.add(scoreHead.labels, width)
  }

  private func countAttention(_ sum: inout CheckedCount) {
    sum.add(layers, 2, heads, headSize, hidden)
    sum.add(layers, 2, keyValueHeads, headSize, hidden)
    sum.add(layers, hasOutputNorms ? 4 : 2, hidden)
    if hasHeadNorms { sum.add(layers, 2, headSize) }
    if hasBiases { sum.add(layers, heads + 2 * keyValueHeads, headSize) }
    if hasOutputBias { sum.add(layers, hidden) }
  }
}
