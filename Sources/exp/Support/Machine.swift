import ContentStore
import Runner

/// What is recorded of the machine and the sources.
enum Machine {
  @Sendable static func capture() throws -> Capture { Capture() }
}
