extension SourceNode {
  /// Reads one JSON5 text (json5.org, version 1.0.0), keeping order and places. Refuses duplicate
  /// names, invalid UTF-8, and numbers with no stable encoding: Infinity, NaN, beyond a double, and
  /// integers that a double does not hold exactly.
  package init(parsing file: SourceFile) throws(ExperimentError) { fatalError("to be built") }
}
