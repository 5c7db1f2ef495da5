import Synchronization

/// Blocks of memory for the inside of a kernel, kept for the next one: asking the system for fresh
/// pages in every product would cost more than packing its operands.
enum Scratch {
  private static let free = Mutex<[Arena]>([])
  private static let kept = 32

  /// Lends `count` floats of arbitrary contents, 64-byte aligned.
  static func with<T>(_ count: Int, _ body: (Pointer) -> T) -> T {
    let arena = take(count)
    defer { give(arena) }
    return withExtendedLifetime(arena) { body(arena.base) }
  }

  /// The smallest kept block that is large enough, or a new one.
  static func take(_ count: Int) -> Arena {
    let found = free.withLock { arenas -> Arena? in
      guard let index = arenas.firstIndex(where: { $0.count >= count }) else { return nil }
      return arenas.remove(at: index)
    }
    return found ?? Arena(count: max(4096, count + count / 4))
  }

  /// Keeps the block, in order of size; the smallest goes when there are too many.
  static func give(_ arena: Arena) {
    free.withLock { arenas in
      let index = arenas.firstIndex { $0.count >= arena.count } ?? arenas.count
      arenas.insert(arena, at: index)
      if arenas.count > kept { arenas.removeFirst() }
    }
  }
}
