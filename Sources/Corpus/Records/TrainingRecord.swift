package import ContentStore
package import Text

/// What post-training reads, one JSON object a line (docs/records.md): a conversation, a prompt with a
/// better and a worse continuation, or a prompt alone.
package struct TrainingRecord: Hashable, Sendable {
  package enum Body: Hashable, Sendable {
    case conversation([ChatMessage])
    case preference(Preference)
    /// A conversation that the assistant is to go on with.
    case prompt([ChatMessage])
  }

  /// Two continuations of one conversation, the first preferred.
  package struct Preference: Hashable, Sendable {
    package var prompt: [ChatMessage]
    package var chosen: [ChatMessage]
    package var rejected: [ChatMessage]
    /// Better than the chosen one, as a human edited it (Llama 3's third rank).
    package var edited: [ChatMessage]?
    /// How much better: 1 significantly, 2 better, 3 slightly, 4 negligibly; nil when unknown.
    package var level: Int?

    package init(
      prompt: [ChatMessage], chosen: [ChatMessage], rejected: [ChatMessage],
      edited: [ChatMessage]? = nil, level: Int? = nil
    ) {
      self.prompt = prompt
      self.chosen = chosen
      self.rejected = rejected
      self.edited = edited
      self.level = level
    }
  }

  package var id: String
  package var source: String
  package var body: Body
  /// An object, as a document's.
  package var metadata: JSON

  package init(id: String, source: String, body: Body, metadata: JSON = [:]) {
    self.id = id
    self.source = source
    self.body = body
    self.metadata = metadata
  }

  package var json: JSON {
    var members: [String: JSON] = [
      "id": .string(id), "source": .string(source), "metadata": metadata,
    ]
    switch body {
    case .conversation(let messages): members["messages"] = Self.json(messages)
    case .preference(let preference):
      members["prompt"] = Self.json(preference.prompt)
      members["chosen"] = Self.json(preference.chosen)
      members["rejected"] = Self.json(preference.rejected)
      members["edited"] = preference.edited.map(Self.json)
      members["level"] = preference.level.map(JSON.integer)
    case .prompt(let messages): members["prompt"] = Self.json(messages)
    }
    return .object(members)
  }

  private static func json(_ messages: [ChatMessage]) -> JSON { .array(messages.map(\.json)) }

  /// The record's line in JSON Lines, line feed included.
  package func line() throws(CorpusError) -> [UInt8] {
    do throws(JSONError) {
      return try json.canonical() + [UInt8(ascii: "\n")]
    } catch { throw CorpusError("the record \"\(id)\" has no JSON form: \(error)") }
  }

  /// Reads a line that `line()` wrote.
  package init(line bytes: [UInt8]) throws(CorpusError) {
    let json: JSON
    do throws(JSONError) {
      json = try JSON(parsing: bytes)
    } catch { throw CorpusError("column \(error.column): \(error.message)") }
    guard let id = json["id"]?.stringValue, let source = json["source"]?.stringValue,
      let body = Self.body(json)
    else { throw CorpusError("not a record: id, source and messages or prompt are needed") }
    self.init(id: id, source: source, body: body, metadata: json["metadata"] ?? [:])
  }

  private static func body(_ json: JSON) -> Body? {
    if let messages = messages(json["messages"]) { return .conversation(messages) }
    guard let prompt = messages(json["prompt"]) else { return nil }
    if json["chosen"] == nil, json["rejected"] == nil { return .prompt(prompt) }
    guard let chosen = messages(json["chosen"]), let rejected = messages(json["rejected"]) else {
      return nil
    }
    return .preference(
      Preference(
        prompt: prompt, chosen: chosen, rejected: rejected, edited: messages(json["edited"]),
        level: json["level"]?.intValue))
  }

  /// The conversation up to the response to make: of a conversation that ends with the assistant's turn, all
  /// before it.
  package var prompt: [ChatMessage] {
    switch body {
    case .conversation(let messages):
      messages.last?.role == "assistant" ? Array(messages.dropLast()) : messages
    case .preference(let preference): preference.prompt
    case .prompt(let messages): messages
    }
  }

  /// What the assistant says: in conversations, and in all continuations of preferences.
  package var responses: [String] {
    var responses: [String] = []
    var copy = self
    copy.mapResponses { response in
      responses.append(response)
      return response
    }
    return responses
  }

  /// Puts other texts in place of the responses.
  package mutating func mapResponses(_ change: (String) -> String) {
    func map(_ messages: [ChatMessage]) -> [ChatMessage] {
      messages.map { message in
        guard message.role == "assistant" else { return message }
        var message = message
        message.content = change(message.content)
        return message
      }
    }
    switch body {
    case .conversation(let messages): body = .conversation(map(messages))
    case .preference(var preference):
      preference.chosen = map(preference.chosen)
      preference.rejected = map(preference.rejected)
      preference.edited = preference.edited.map(map)
      body = .preference(preference)
    case .prompt: break
    }
  }

  private static func messages(_ json: JSON?) -> [ChatMessage]? {
    guard let list = json?.arrayValue else { return nil }
    let messages = list.compactMap(ChatMessage.init)
    return messages.count == list.count ? messages : nil
  }
}
