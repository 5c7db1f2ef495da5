/// GNU libstdc++'s `std::sort` and heap functions, step by step. fastText numbers words of equal count
/// as its compiler's unstable sort leaves them, and answers with equal labels as its heap does; so a
/// model is bit for bit fastText's only with these (bits/stl_algo.h and bits/stl_heap.h, GCC 4.8–14).
enum StandardSort {
  /// Below this many elements the introsort stops and an insertion sort ends the work.
  private static let threshold = 16

  /// `std::sort(begin, end, before)`.
  static func sort<Element>(_ items: inout [Element], by before: (Element, Element) -> Bool) {
    guard !items.isEmpty else { return }
    let depth = 2 * (Int.bitWidth - 1 - items.count.leadingZeroBitCount)
    introsort(&items, 0, items.count, depth, before)
    let sorted = min(threshold, items.count)
    for index in 0..<sorted where index > 0 {
      if before(items[index], items[0]) {
        items.insert(items.remove(at: index), at: 0)
      } else {
        insert(&items, index, before)
      }
    }
    for index in sorted..<items.count { insert(&items, index, before) }
  }

  private static func introsort<Element>(
    _ items: inout [Element], _ first: Int, _ end: Int, _ depth: Int,
    _ before: (Element, Element) -> Bool
  ) {
    var (end, depth) = (end, depth)
    while end - first > threshold {
      if depth == 0 { return heapSort(&items, first, end, before) }
      depth -= 1
      medianToFirst(&items, first, first + 1, first + (end - first) / 2, end - 1, before)
      let cut = partition(&items, first + 1, end, first, before)
      introsort(&items, cut, end, depth, before)
      end = cut
    }
  }

  private static func medianToFirst<Element>(
    _ items: inout [Element], _ result: Int, _ a: Int, _ b: Int, _ c: Int,
    _ before: (Element, Element) -> Bool
  ) {
    let median =
      if before(items[a], items[b]) {
        before(items[b], items[c]) ? b : before(items[a], items[c]) ? c : a
      } else {
        before(items[a], items[c]) ? a : before(items[b], items[c]) ? c : b
      }
    items.swapAt(result, median)
  }

  private static func partition<Element>(
    _ items: inout [Element], _ first: Int, _ end: Int, _ pivot: Int,
    _ before: (Element, Element) -> Bool
  ) -> Int {
    var (low, high) = (first, end)
    while true {
      while before(items[low], items[pivot]) { low += 1 }
      high -= 1
      while before(items[pivot], items[high]) { high -= 1 }
      if low >= high { return low }
      items.swapAt(low, high)
      low += 1
    }
  }

  /// Moves an element down to its place; one that is not before it must lie below.
  private static func insert<Element>(
    _ items: inout [Element], _ index: Int, _ before: (Element, Element) -> Bool
  ) {
    let value = items[index]
    var place = index
    while before(value, items[place - 1]) {
      items[place] = items[place - 1]
      place -= 1
    }
    items[place] = value
  }

  // MARK: Heaps

  private static func heapSort<Element>(
    _ items: inout [Element], _ first: Int, _ end: Int, _ before: (Element, Element) -> Bool
  ) {
    let count = end - first
    for parent in stride(from: (count - 2) / 2, through: 0, by: -1) {
      adjust(&items, first, parent, count, items[first + parent], before)
    }
    for last in stride(from: end - 1, to: first, by: -1) { popLast(&items, first, last, before) }
  }

  /// `std::push_heap` after the element was appended.
  static func pushHeap<Element>(_ heap: inout [Element], by before: (Element, Element) -> Bool) {
    push(&heap, 0, heap.count - 1, 0, heap[heap.count - 1], before)
  }

  /// `std::pop_heap`, and takes the popped element away.
  static func popHeap<Element>(_ heap: inout [Element], by before: (Element, Element) -> Bool) {
    if heap.count > 1 { popLast(&heap, 0, heap.count - 1, before) }
    heap.removeLast()
  }

  /// `std::sort_heap`.
  static func sortHeap<Element>(_ heap: inout [Element], by before: (Element, Element) -> Bool) {
    for last in stride(from: heap.count - 1, to: 0, by: -1) { popLast(&heap, 0, last, before) }
  }

  /// Puts the heap's top at `last` and the element from there into the heap.
  private static func popLast<Element>(
    _ items: inout [Element], _ first: Int, _ last: Int, _ before: (Element, Element) -> Bool
  ) {
    let value = items[last]
    items[last] = items[first]
    adjust(&items, first, 0, last - first, value, before)
  }

  private static func adjust<Element>(
    _ items: inout [Element], _ first: Int, _ hole: Int, _ count: Int, _ value: Element,
    _ before: (Element, Element) -> Bool
  ) {
    let top = hole
    var hole = hole
    var child = hole
    while child < (count - 1) / 2 {
      child = 2 * (child + 1)
      if before(items[first + child], items[first + child - 1]) { child -= 1 }
      items[first + hole] = items[first + child]
      hole = child
    }
    if count & 1 == 0, child == (count - 2) / 2 {
      child = 2 * (child + 1)
      items[first + hole] = items[first + child - 1]
      hole = child - 1
    }
    push(&items, first, hole, top, value, before)
  }

  private static func push<Element>(
    _ items: inout [Element], _ first: Int, _ hole: Int, _ top: Int, _ value: Element,
    _ before: (Element, Element) -> Bool
  ) {
    var hole = hole
    while hole > top, before(items[first + (hole - 1) / 2], value) {
      items[first + hole] = items[first + (hole - 1) / 2]
      hole = (hole - 1) / 2
    }
    items[first + hole] = value
  }
}
