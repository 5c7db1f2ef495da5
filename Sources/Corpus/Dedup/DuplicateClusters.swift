/// Documents whose MinHash signatures agree in a whole bucket are duplicates, and so are duplicates of
/// duplicates. Of every cluster one document is kept: the one that datatrove's union-find makes the root,
/// with all documents in one file. Holds signatures and ids, no texts.
package struct DuplicateClusters {
  private let buckets: Int
  private let hashesPerBucket: Int
  /// Signatures one after the other, and whose they are.
  private var signatures: [UInt64] = []
  private var documents: [Int32] = []
  private var parents: [Int32: Int32] = [:]
  private var sizes: [Int32: Int] = [:]

  package init(_ hash: MinHash) {
    (buckets, hashesPerBucket) = (hash.buckets, hash.hashesPerBucket)
  }

  /// Takes a document's signature; documents without one are in no cluster.
  package mutating func add(_ document: Int, _ signature: [UInt64]) {
    precondition(signature.count == buckets * hashesPerBucket, "a signature has every hash")
    documents.append(Int32(document))
    signatures += signature
  }

  /// Joins all that agree. To be called once, after the last `add`.
  /// - Parameter check: called once a bucket; may throw to stop.
  package mutating func join(check: () throws -> Void = {}) rethrows {
    for bucket in 0..<buckets {
      try check()
      let order = order(bucket)
      for (row, next) in zip(order, order.dropFirst()) where isEqual(row, next, bucket) {
        unite(documents[row], documents[next])
      }
    }
    signatures = []
  }

  private func start(_ row: Int, _ bucket: Int) -> Int {
    (row * buckets + bucket) * hashesPerBucket
  }

  /// Rows by their hashes in a bucket, then by document.
  private func order(_ bucket: Int) -> [Int] {
    documents.indices.sorted { a, b in
      let (first, second) = (start(a, bucket), start(b, bucket))
      for index in 0..<hashesPerBucket {
        let (left, right) = (signatures[first + index], signatures[second + index])
        if left != right { return left < right }
      }
      return documents[a] < documents[b]
    }
  }

  private func isEqual(_ a: Int, _ b: Int, _ bucket: Int) -> Bool {
    let (first, second) = (start(a, bucket), start(b, bucket))
    for index in 0..<hashesPerBucket where signatures[first + index] != signatures[second + index] {
      return false
    }
    return true
  }

  private mutating func root(_ document: Int32) -> Int32 {
    var root = document
    while let parent = parents[root], parent != root { root = parent }
    var next = document
    while let parent = parents[next], parent != root, next != root {
      parents[next] = root
      next = parent
    }
    return root
  }

  /// The smaller cluster joins the larger one, the second the first among equals.
  private mutating func unite(_ a: Int32, _ b: Int32) {
    var (first, second) = (root(a), root(b))
    if first == second { return }
    let (firstSize, secondSize) = (sizes[first] ?? 1, sizes[second] ?? 1)
    if firstSize < secondSize { swap(&first, &second) }
    parents[second] = first
    parents[first] = first
    sizes[first] = firstSize + secondSize
    sizes[second] = nil
  }

  /// How many documents are in clusters of two or more, and how many clusters there are.
  package var counts: (documents: Int, clusters: Int) { (parents.count, sizes.count) }

  /// The document that is kept for this one; itself when it is kept.
  package mutating func kept(for document: Int) -> Int { Int(root(Int32(document))) }
}
