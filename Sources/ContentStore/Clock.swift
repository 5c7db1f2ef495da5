import Glibc

/// The wall clock, in nanoseconds since 1970.
enum Clock {
  static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return seconds(Int64(time.tv_sec)) + Int64(time.tv_nsec)
  }

  static func seconds(_ count: Int64) -> Int64 { count * 1_000_000_000 }
}
