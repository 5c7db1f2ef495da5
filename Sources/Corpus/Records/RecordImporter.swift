import ContentStore

/// How a user's objects become records.
package struct RecordOptions: Hashable, Sendable {
  package var shape = RecordShape.auto
  /// The member with the record's id; empty: made of the file's name and an index.
  package var idField = ""
  /// The records' `source`; empty: the object's member `source`, else the file's name.
  package var source = ""
  /// The member that says how much better a chosen response is.
  package var levelField = "level"

  package init() {}
}

/// Makes records of one file's objects.
package struct RecordImporter {
  private let file: String
  private let options: RecordOptions

  package init(file: String, options: RecordOptions) {
    self.file = file
    self.options = options
  }

  /// Most objects give one record; those with several instances give one each.
  package func records(of object: JSONRecord) throws(CorpusError) -> [TrainingRecord] {
    let reader = MessageReader(place: object.place)
    let bodies = try bodies(object.members, reader)
    let id = try id(object, reader)
    let source =
      options.source.isEmpty ? object.members["source"]?.stringValue ?? file : options.source
    let metadata = metadata(object)
    return bodies.enumerated().map { index, body in
      TrainingRecord(
        id: bodies.count == 1 ? id : "\(id).\(index)", source: source, body: body,
        metadata: metadata)
    }
  }

  private func bodies(
    _ members: [String: JSON], _ reader: MessageReader
  ) throws(CorpusError) -> [TrainingRecord.Body] {
    switch options.shape.resolved(members) {
    case .chat:
      let name = members["messages"] == nil ? "conversations" : "messages"
      guard let list = members[name] else {
        throw reader.fault(
          "there is no \"messages\" or \"conversations\""
            + didYouMean("messages", among: members.keys.sorted()))
      }
      return [.conversation(try reader.messages(list, name))]
    case .instruction:
      let instruction = InstructionReader(reader: reader, members: members)
      return try instruction.conversations().map(TrainingRecord.Body.conversation)
    case .preference:
      let pair = PreferenceReader(
        reader: reader, members: members, levelField: options.levelField)
      return [.preference(try pair.preference())]
    case .auto, nil:
      throw reader.fault(
        "no shape fits the members \(members.keys.sorted().joined(separator: ", ")); messages, "
          + "instruction with output, and chosen with rejected are known")
    }
  }

  private func id(_ object: JSONRecord, _ reader: MessageReader) throws(CorpusError) -> String {
    if options.idField.isEmpty { return "\(file)#\(object.index)" }
    switch object.members[options.idField] {
    case .string(let id) where !id.isEmpty: return id
    case .number(let id) where id.magnitude <= JSON.greatestExactInteger:
      return JSON.ecmaScript(id)
    case .number: throw reader.fault("\"\(options.idField)\" \(JSON.inexactID)")
    default:
      throw reader.fault("\"\(options.idField)\" is not an id; it must be a text or a number")
    }
  }

  private static let readNames = Set(
    InstructionReader.readNames + [
      "messages", "conversations", "chosen", "rejected", "edited", "preferred_output",
      "non_preferred_output",
    ])

  /// Where the object lay, and its members that are no part of the conversation.
  private func metadata(_ object: JSONRecord) -> JSON {
    var metadata: [String: JSON] = ["file": .string(file)]
    metadata["offset"] = object.offset.map(JSON.integer)
    let left = object.members.filter {
      !Self.readNames.contains($0.key) && $0.key != options.idField
    }
    if !left.isEmpty { metadata["fields"] = .object(left) }
    return .object(metadata)
  }
}
