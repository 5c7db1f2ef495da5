/// What a profile says, for people.
extension Profile {
  /// A line on the whole, then one for each kind of work: its share of the time, its rate, and that beside
  /// the matrix product's own, measured now.
  /// - Parameters:
  ///   - title: what was listened to, such as "50 steps".
  ///   - seconds: how long that took.
  ///   - tokens: how many were trained on.
  package func table(
    of title: String, _ seconds: Double, _ tokens: Int, on compute: Compute
  ) -> [String] {
    let quiet = Compute(threads: compute.threads, engine: compute.engine)
    let peak = NumericsBenchmark.peak(on: quiet)
    let shares = Kind.allCases.map { ($0.rawValue, share(of: $0)) }
    let told = shares.reduce(0) { $0 + $1.1.seconds }
    let all = shares.reduce(0) { $0 + $1.1.operations }
    let rest = Share(seconds: max(0, seconds - told))
    let rows = (shares + [("everything else", rest)]).map { row($0, $1, of: seconds, peak) }
    return [
      "profile of \(title): \(Int(Double(tokens) / seconds)) tokens/s on \(compute.threads) threads, "
        + "\(number(all / seconds * 1e-9)) GFLOP/s, \(percent(all / seconds * 1e-9 / peak)) of the matrix "
        + "product's \(number(peak))"
    ] + rows
  }

  private func row(
    _ name: String, _ share: Share, of seconds: Double, _ peak: Double
  ) -> String {
    let time = "\(padded(name, 20))\(padded(percent(share.seconds / seconds), -8))"
    guard share.operations > 0, share.seconds > 0 else { return time }
    let rate = share.operations / share.seconds * 1e-9
    return time + "\(padded(number(rate), -8)) GFLOP/s\(padded(percent(rate / peak), -8)) of peak"
  }

  private func percent(_ value: Double) -> String { "\(number(value * 100)) %" }

  private func number(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

  /// To a width, on the left when it is negative.
  private func padded(_ text: String, _ width: Int) -> String {
    let space = String(repeating: " ", count: max(0, abs(width) - text.count))
    return width < 0 ? space + text : text + space
  }
}
