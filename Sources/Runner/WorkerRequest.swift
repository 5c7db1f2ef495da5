import ContentStore
import Ledger

/// What a runner asks of a worker, as one JSON object on its standard input:
/// `{"type":"work/1","recipe":{…},"store":…,"folder":…,"earlier":[…],"snapshot":…,"threads":N,
/// "microBatchRows":…,"profileSteps":…,"processor":…}`.
struct WorkerRequest: Sendable {
  var recipe: Recipe
  /// The object store's folder.
  var store: String
  /// The private folder of this execution.
  var folder: String
  /// Private folders of earlier executions of the recipe, whose snapshots count too.
  var earlier: [String] = []
  /// The snapshot file to go on from.
  var snapshot: String?
  var threads = 1
  /// Rows that go through a model at once; nil for the stage's own choice.
  var microBatchRows: Int?
  /// Training steps of which the log says where the time went.
  var profileSteps = 0
  /// The processor that the record names, on which the worker must find itself; nil where it may differ.
  var processor: String?

  init(recipe: Recipe, store: String, folder: String) {
    self.recipe = recipe
    self.store = store
    self.folder = folder
  }

  var json: JSON {
    [
      "type": "work/1", "recipe": recipe.json, "store": .string(store), "folder": .string(folder),
      "earlier": .array(earlier.map(JSON.string)),
      "snapshot": snapshot.map(JSON.string) ?? .null, "threads": .integer(threads),
      "microBatchRows": microBatchRows.map { .integer($0) } ?? .null,
      "profileSteps": .integer(profileSteps),
      "processor": processor.map(JSON.string) ?? .null,
    ]
  }

  init?(json: JSON) {
    guard json["type"] == "work/1", let recipe = json["recipe"].flatMap(Recipe.init(json:)),
      let store = json["store"]?.stringValue, let folder = json["folder"]?.stringValue,
      let threads = json["threads"]?.intValue, let earlier = json["earlier"]?.arrayValue
    else { return nil }
    self.init(recipe: recipe, store: store, folder: folder)
    self.earlier = earlier.compactMap(\.stringValue)
    snapshot = json["snapshot"]?.stringValue
    self.threads = threads
    microBatchRows = json["microBatchRows"]?.intValue
    profileSteps = json["profileSteps"]?.intValue ?? 0
    processor = json["processor"]?.stringValue
  }
}
