/// Layers of experts: a router sends every token to some of many small gated MLPs, and a shared one
/// sees all tokens (Qwen2-MoE; Yang et al. 2024, §2.2).
package struct ExpertConfiguration: Hashable, Sendable {
  /// Routed experts of a layer.
  package var count: Int
  /// How many of them see a token.
  package var active: Int
  /// Width of a routed expert.
  package var intermediate: Int
  /// Width of the shared expert, whose output a sigmoid gate scales.
  package var sharedIntermediate: Int
  /// Whether a token's chosen probabilities are divided by their sum.
  package var normalises: Bool
  /// Factor on the balancing loss that training adds; 0 for none.
  package var lossWeight: Double
  /// Layers i with (i + 1) mod `sparseStep` = 0 have experts …
  package var sparseStep: Int
  /// … except these, ascending.
  package var denseLayers: [Int]

  package init(
    count: Int, active: Int, intermediate: Int, sharedIntermediate: Int, normalises: Bool = false,
    lossWeight: Double = 0.001, sparseStep: Int = 1, denseLayers: [Int] = []
  ) {
    self.count = count
    self.active = active
    self.intermediate = intermediate
    self.sharedIntermediate = sharedIntermediate
    self.normalises = normalises
    self.lossWeight = lossWeight
    self.sparseStep = sparseStep
    self.denseLayers = denseLayers
  }

  /// Throws what makes the experts impossible, in one sentence.
  func validate() throws(CheckpointError) {
    let sizes = [
      ("number of experts", count), ("experts per token", active),
      ("width of an expert", intermediate), ("width of the shared expert", sharedIntermediate),
      ("step between layers of experts", sparseStep),
    ]
    for (name, value) in sizes where value < 1 || value > 1 << 31 {
      throw CheckpointError("the model's \(name) must be at least 1, found \(value)")
    }
    guard active <= count else {
      throw CheckpointError("\(active) experts per token are more than the \(count) experts")
    }
    guard lossWeight.isFinite, lossWeight >= 0 else {
      throw CheckpointError("the router's loss weight must be at least 0, found \(lossWeight)")
    }
  }
}

/// Dual chunk attention (An et al. 2024; papers.md §6.17): inference beyond the trained length without
/// an unseen distance. Positions restart every `chunkSize − localSize` tokens.
package struct DualChunk: Hashable, Sendable {
  /// The largest position of a query, at most the trained length.
  package var chunkSize: Int
  /// Tokens before a chunk's start that keep their true distances.
  package var localSize: Int

  package init(chunkSize: Int, localSize: Int) {
    self.chunkSize = chunkSize
    self.localSize = localSize
  }

  /// c, the length after which key positions restart.
  package var length: Int { chunkSize - localSize }

  func validate() throws(CheckpointError) {
    guard localSize >= 1, chunkSize <= 1 << 31, length >= localSize else {
      throw CheckpointError(
        "dual chunk attention needs a local size of at least 1 and at most half the chunk size, found "
          + "\(localSize) and \(chunkSize)")
    }
  }
}

/// A head on the last token of a text: a reward model's score or a classifier's logits.
package struct ScoreHead: Hashable, Sendable {
  /// Numbers it gives: 1 for a reward.
  package var labels: Int
  /// Width of a tanh layer with bias before it; nil for a linear map alone, which is Hugging Face's.
  package var hidden: Int?
  /// Further heads that grade aspects of a response (AFM's reward model); nil for none.
  package var grades: Grades?

  /// Classifiers beside the score, each a tanh layer of its own and a linear map.
  package struct Grades: Hashable, Sendable {
    /// How many aspects.
    package var heads: Int
    /// How many grades each may have.
    package var classes: Int
    /// Width of each tanh layer.
    package var hidden: Int

    package init(heads: Int = 4, classes: Int = 3, hidden: Int) {
      (self.heads, self.classes, self.hidden) = (heads, classes, hidden)
    }
  }

  package init(labels: Int, hidden: Int? = nil, grades: Grades? = nil) {
    self.labels = labels
    self.hidden = hidden
    self.grades = grades
  }

  /// Numbers per text: the labels, then every aspect's classes.
  package var outputs: Int { labels + (grades.map { $0.heads * $0.classes } ?? 0) }

  func validate() throws(CheckpointError) {
    if let grades {
      guard (1...64).contains(grades.heads), (2...1024).contains(grades.classes),
        (1...1 << 20).contains(grades.hidden)
      else {
        throw CheckpointError(
          "graded heads: 1 to 64 heads of 2 to 1,024 classes and a width of at least 1 are possible, "
            + "found \(grades.heads), \(grades.classes) and \(grades.hidden)")
      }
    }
    guard (1...1 << 20).contains(labels), (1...1 << 31).contains(hidden ?? 1) else {
      throw CheckpointError(
        "a score head needs 1 to 1,048,576 labels and a width of at least 1, found \(labels) and "
          + "\(hidden ?? 1)")
    }
  }
}
