import ContentStore

extension Experiment {
  /// The override that makes replicate k of an experiment, k ≥ 1: `seed=…`. The seed is the first 48 bits of the
  /// SHA-256 of `exp.replicate`, the experiment's seed and k, with zero bytes between them, so that it never
  /// depends on how many replicates there are. Stages with a seed of their own keep it.
  package func override(forReplicate k: Int) throws(ExperimentError) -> Override {
    try Override(parsing: "seed=\(Self.replicateSeed(seed, k))", folder: "/")
  }

  static func replicateSeed(_ seed: UInt64, _ k: Int) -> UInt64 {
    SHA256.hash(Array("exp.replicate\0\(seed)\0\(k)".utf8)).bytes.prefix(6)
      .reduce(0) { $0 << 8 | UInt64($1) }
  }
}
