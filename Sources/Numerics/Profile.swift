import Synchronization

/// Where the time of numeric work goes, by kind: what `exp run --profile-steps` prints. Kernels tell of
/// themselves where they are entered, on the thread that waits for them; a kernel within another is not
/// told apart.
package final class Profile: Sendable {
  /// A kind of work.
  package enum Kind: String, CaseIterable, Sendable {
    case products = "matrix products"
    case packing = "packing of weights"
    case attention
    case norms
    case gates
    case rotation = "rotary positions"
    case head = "log-probabilities"
    case optimiser
  }

  /// What became of one kind.
  package struct Share: Hashable, Sendable {
    package var seconds = 0.0
    /// Multiplications and additions; 0 where they are not counted.
    package var operations = 0.0
    package var calls = 0

    package init(seconds: Double = 0) { self.seconds = seconds }
  }

  private struct State {
    var isOn = false
    var shares: [Kind: Share] = [:]
  }

  private let state = Mutex(State())

  package init() {}

  /// Whether kernels are listened to.
  package var isOn: Bool {
    get { state.withLock { $0.isOn } }
    set { state.withLock { $0.isOn = newValue } }
  }

  /// What was heard so far.
  package func share(of kind: Kind) -> Share {
    state.withLock { $0.shares[kind] ?? Share() }
  }

  func add(_ kind: Kind, _ seconds: Double, _ operations: Double) {
    state.withLock {
      guard $0.isOn else { return }
      $0.shares[kind, default: Share()].seconds += seconds
      $0.shares[kind, default: Share()].operations += operations
      $0.shares[kind, default: Share()].calls += 1
    }
  }
}

extension Compute {
  /// Carries a kernel out, and tells the profile of it where there is one.
  package func timed(
    _ kind: Profile.Kind, operations: @autoclosure () -> Double = 0, _ body: () -> Void
  ) {
    guard let profile, profile.isOn else { return body() }
    let time = ContinuousClock().measure(body)
    profile.add(kind, time / .seconds(1), operations())
  }
}
