import ContentStore
import Foundation

/// A fixture made by the scripts beside it.
func fixture(_ name: String) throws -> [UInt8] {
  let url = Bundle.module.resourceURL!.appending(path: "Fixtures/\(name)")
  return [UInt8](try Data(contentsOf: url))
}

func strings(_ json: JSON?) -> [String] { json?.arrayValue?.compactMap(\.stringValue) ?? [] }

func integers(_ json: JSON?) -> [Int] { json?.arrayValue?.compactMap(\.intValue) ?? [] }

/// Equal scalar by scalar: `==` takes é and e + U+0301 for the same.
func areIdentical(_ a: [String], _ b: [String]) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { $0.utf8.elementsEqual($1.utf8) }
}
