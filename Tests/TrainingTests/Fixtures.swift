import ContentStore
import Foundation
import Testing

/// A JSON fixture; the scripts beside it made it.
func fixture(_ name: String) throws -> JSON {
  let folder = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures")
  return try JSON(parsing: Array(Data(contentsOf: folder.appendingPathComponent(name))))
}

extension JSON {
  var numbers: [Double] { arrayValue?.compactMap(\.doubleValue) ?? [] }
}
