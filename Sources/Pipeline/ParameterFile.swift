import ContentStore

/// Reads parameters from a JSON5 file of their own, such as a task of `evaluate`.
/// - Parameter file: what errors call it.
package func readParameterFile<Value>(
  _ bytes: [UInt8], file: String,
  _ body: (inout ParameterReader) throws(ParameterError) -> Value
) throws(ExperimentError) -> Value {
  let source = SourceFile(name: file, folder: ".", bytes: bytes)
  let node = try SourceNode(parsing: source)
  guard let members = node.json.objectValue else {
    throw ExperimentError("must hold an object", at: node.position)
  }
  // The file may be a recorded recipe's: a worker cannot tell.
  var reader = ParameterReader(members, isRecorded: true)
  do throws(ParameterError) {
    let value = try reader.decode(body)
    if let path = reader.filePatterns.keys.sorted().first {
      throw ParameterError(
        path: path, message: "cannot be set in a file; name an input of the stage instead")
    }
    return value
  } catch {
    let steps = [PathStep](path: error.path) ?? []
    throw ExperimentError(error.message, path: error.path, at: node.nearestPosition(steps))
  }
}
