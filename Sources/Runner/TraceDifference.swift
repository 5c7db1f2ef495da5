import ContentStore

extension ReplayDifference.TraceLine {
  /// The step that a trainer's trace line is of; nil for lines that are not a trainer's.
  package var step: Int? {
    ((try? JSON(parsing: Array(recorded.utf8))) ?? (try? JSON(parsing: Array(replayed.utf8))))
      .flatMap { $0["step"]?.intValue }
  }

  /// What differs between two lines of a trainer's trace: `batch`, `loss`, `gradientNorm`, and
  /// `parameters`, `firstMoments` and `secondMoments` with the names of the tensors.
  package var parts: [(name: String, tensors: [String])] {
    guard let one = try? JSON(parsing: Array(recorded.utf8)),
      let other = try? JSON(parsing: Array(replayed.utf8))
    else { return [] }
    let plain = ["batch", "loss", "gradientNorm"].filter { one[$0] != other[$0] }
      .map { (name: $0, tensors: [String]()) }
    let maps = ["parameters", "firstMoments", "secondMoments"].compactMap { key in
      let (left, right) = (one[key]?.objectValue ?? [:], other[key]?.objectValue ?? [:])
      let names = Set(left.keys).union(right.keys).filter { left[$0] != right[$0] }
      return names.isEmpty
        ? nil : (name: key, tensors: names.sorted(by: TensorComparison.precedes))
    }
    return plain + maps
  }
}
