import ContentStore
package import Numerics

/// Documents of one group in a scratch file, given out in another random order every time they are gone
/// over. Holds their places only: sixteen bytes a document.
package final class DocumentPool {
  private let file: File
  private var buffer: [UInt8] = []
  private var written = 0
  /// Where each line starts; the last is where the next would.
  private var starts: [Int] = [0]
  private var amounts: [Int] = []
  private let stream: RandomStream
  /// Documents given out so far.
  package private(set) var given = 0
  /// Sum of the documents' amounts.
  package private(set) var amount = 0
  package private(set) var amountGiven = 0

  /// - Parameter stream: of this group alone.
  package init(at path: String, _ stream: RandomStream) throws {
    if FileSystem.exists(path) { try FileSystem.removeFile(path) }
    file = try File(path, .update)
    self.stream = stream
  }

  package var count: Int { amounts.count }
  /// How often the documents were gone over, the part of a last time by amount.
  package var epochs: Double { amount == 0 ? 0 : Double(amountGiven) / Double(amount) }

  /// - Parameter amount: how much it counts for in the mixture.
  package func add(_ document: Document, amount: Int) throws {
    let line = try document.line()
    buffer += line
    starts.append(starts[starts.count - 1] + line.count)
    amounts.append(amount)
    self.amount += amount
    if buffer.count > 1 << 18 { try flush() }
  }

  private func flush() throws {
    try file.write(buffer)
    written += buffer.count
    buffer.removeAll(keepingCapacity: true)
  }

  /// Ends the adding.
  package func finish() throws { try flush() }

  /// The next document's line and amount.
  /// - Precondition: there is a document, of an amount above 0 together.
  package func next() throws -> (line: [UInt8], amount: Int) {
    let epoch = stream.substream(UInt64(given / count))
    let index = Int(epoch.permuted(UInt64(given % count), of: UInt64(count)))
    try file.seek(to: starts[index])
    let line = try file.read(upTo: starts[index + 1] - starts[index])
    given += 1
    amountGiven += amounts[index]
    return (line, amounts[index])
  }
}
