/// A `tokenizer_config.json`, with which `transformers` loads the tokenizer beside it. Members that
/// exp does not know are kept.
package struct TokenizerConfiguration: Sendable {
  private var file: OrderedJSON

  /// The first added token ends, begins and pads a text, as GPT-2's `<|endoftext|>` does.
  package init(for tokenizer: Tokenizer) {
    let token = tokenizer.addedTokens.first?.content
    self.init(beginToken: token, endToken: token, padToken: token)
  }

  package init(beginToken: String?, endToken: String?, padToken: String?) {
    func text(_ token: String?) -> OrderedJSON { token.map(OrderedJSON.string) ?? .null }
    file = .object([
      ("tokenizer_class", .string("PreTrainedTokenizerFast")), ("bos_token", text(beginToken)),
      ("eos_token", text(endToken)), ("pad_token", text(padToken)),
      ("add_bos_token", .bool(false)), ("add_prefix_space", .bool(false)),
      ("clean_up_tokenization_spaces", .bool(false)),
    ])
  }

  /// Reads a `tokenizer_config.json`.
  package init(json bytes: [UInt8]) throws(TextError) {
    file = try OrderedJSON(parsing: bytes, file: "tokenizer_config.json")
    guard file.members != nil else { throw TextError("tokenizer_config.json is no JSON object") }
  }

  package func json() -> [UInt8] { Array((file.text() + "\n").utf8) }

  /// A token by its role: its text, or the `content` of an object as older files have it.
  private func token(_ name: String) -> String? {
    file[name]?.stringValue ?? file[name]?["content"]?.stringValue
  }

  private mutating func set(_ name: String, _ value: OrderedJSON?) {
    var members = file.members ?? []
    let index = members.firstIndex { $0.name == name }
    switch (index, value) {
    case (let index?, let value?): members[index].value = value
    case (let index?, nil): members.remove(at: index)
    case (nil, let value?): members.append((name, value))
    case (nil, nil): break
    }
    file = .object(members)
  }

  package var beginToken: String? {
    get { token("bos_token") }
    set { set("bos_token", newValue.map(OrderedJSON.string) ?? .null) }
  }
  package var endToken: String? {
    get { token("eos_token") }
    set { set("eos_token", newValue.map(OrderedJSON.string) ?? .null) }
  }
  package var padToken: String? {
    get { token("pad_token") }
    set { set("pad_token", newValue.map(OrderedJSON.string) ?? .null) }
  }
  package var unknownToken: String? { token("unk_token") }

  /// The class that `transformers` makes; other classes rebuild the tokenizer from its vocabulary.
  package var tokenizerClass: String? {
    get { file["tokenizer_class"]?.stringValue }
    set { set("tokenizer_class", newValue.map(OrderedJSON.string)) }
  }

  /// The Jinja text by which conversations become text; of several the one named `default`.
  package var chatTemplate: String? {
    get {
      if let text = file["chat_template"]?.stringValue { return text }
      let named = file["chat_template"]?.listValue ?? []
      return named.first { $0["name"]?.stringValue == "default" }?["template"]?.stringValue
    }
    set { set("chat_template", newValue.map(OrderedJSON.string)) }
  }
}

extension Tokenizer {
  /// The `tokenizer_config.json` of a tokenizer that this project trained.
  package func configuration() -> [UInt8] { TokenizerConfiguration(for: self).json() }
}
