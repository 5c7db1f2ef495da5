package import ContentStore

/// The JSON Schema (draft 2020-12) of experiment files, from the ops' own declarations.
package func experimentSchema(_ registry: StageRegistry) -> JSON { fatalError("to be built") }

extension AnyStage {
  /// What `exp ops NAME --json` prints: name, revision, summary, ports and parameters.
  package var json: JSON { fatalError("to be built") }
}
