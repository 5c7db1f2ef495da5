package import Numerics

/// The arithmetic of merging models: functions of vectors of parameters (an arena, or a part of one) that give a new
/// vector. All are elementwise, or sums of fixed shape: threads bear on speed only. The methods are in files of
/// their own; `byGroup` carries one out tensor by tensor.
package struct Merging: Sendable {
  package let compute: Compute

  package init(on compute: Compute) { self.compute = compute }

  /// What `body` makes of every group, in an arena of its own; `heartbeat` is called before each.
  package func byGroup(
    _ groups: [MergeGroup], heartbeat: () throws -> Void, _ body: (MergeGroup) -> Floats
  ) rethrows -> Floats {
    let result = Floats(count: groups.last?.range.upperBound ?? 0)
    for group in groups {
      try heartbeat()
      result[group.range].copy(from: body(group))
    }
    return result
  }

  /// What `body` makes of every group, in an arena of its own.
  package func byGroup(_ groups: [MergeGroup], _ body: (MergeGroup) -> Floats) -> Floats {
    byGroup(groups, heartbeat: {}, body)
  }

  /// What `body` makes of every stretch of elements, in new memory. `body` gets the stretch and the memory to
  /// fill there, whose first element is the stretch's.
  func made(
    _ count: Int, _ body: @Sendable (Range<Int>, inout MutableSpan<Float>) -> Void
  ) -> Floats {
    let result = Floats(count: count)
    compute.split(count, grain: 8192) { range in
      result[range].withMutableSpan { body(range, &$0) }
    }
    return result
  }

  /// a − b, a task vector when b is what a was trained from (Ilharco et al. 2023).
  package func difference(_ a: Floats, _ b: Floats) -> Floats {
    precondition(a.count == b.count, "difference of different sizes")
    return made(a.count) { range, out in
      a[range].withSpan { a in
        b[range].withSpan { b in
          for i in a.indices { out[i] = a[i] - b[i] }
        }
      }
    }
  }

  /// Σ weightᵢ · xᵢ, in double in the order of the inputs, and rounded once.
  func weightedSum(_ terms: [(x: Floats, weight: Double)], dividedBy divisor: Double = 1) -> Floats
  {
    made(terms[0].x.count) { range, out in
      var sums = [Double](repeating: 0, count: range.count)
      for (x, weight) in terms {
        x[range].withSpan { x in
          for i in x.indices { sums[i] += weight * Double(x[i]) }
        }
      }
      for i in sums.indices { out[i] = Float(sums[i] / divisor) }
    }
  }
}
