/// How text is cut into pieces before merging; no merge crosses a piece's edge.
package enum SplitPattern: String, CaseIterable, Sendable {
  /// GPT-2's: English contractions, letters, numbers, others, each with one leading space.
  case gpt2
  /// Llama-3's: numbers of at most three digits, line breaks with what precedes them.
  case llama3
  /// Qwen2's: Llama-3's with single digits, on text normalised to NFC.
  case qwen2
}

/// A token that is cut out of the text whole, before anything else happens to it.
package struct AddedToken: Hashable, Sendable {
  package var id: Int
  package var content: String
  /// Left out by `decode(_:skipSpecial:)`, as `<|endoftext|>` is.
  package var isSpecial: Bool

  package init(id: Int, content: String, isSpecial: Bool = true) {
    self.id = id
    self.content = content
    self.isSpecial = isSpecial
  }
}

/// Byte-level byte pair encoding (Radford et al. 2019), as Hugging Face `tokenizers` does it.
/// Immutable, so one tokenizer serves many threads.
package struct Tokenizer: Sendable {
  /// One more than the highest id: the number of rows an embedding needs.
  package var vocabularySize: Int { fatalError("to be built") }
  /// Tokens cut out of the text whole, by id.
  package var addedTokens: [AddedToken] { fatalError("to be built") }

  /// Reads a `tokenizer.json`; refuses what it could not encode exactly as `tokenizers` does.
  package init(json bytes: [UInt8]) throws(TextError) { fatalError("to be built") }

  /// The `tokenizer.json`, byte for byte as `tokenizers` would save it.
  package func json() -> [UInt8] { fatalError("to be built") }

  /// A text's token ids. With `parsingSpecial` false, `<|endoftext|>` in the text is plain text.
  package func encode(_ text: String, parsingSpecial: Bool = true) -> [Int] {
    fatalError("to be built")
  }

  /// The text of some ids: their bytes joined, invalid UTF-8 replaced by U+FFFD. Unknown ids give
  /// nothing.
  package func decode(_ ids: some Sequence<Int>, skipSpecial: Bool = false) -> String {
    fatalError("to be built")
  }

  /// The bytes of some ids joined, for text that may end inside a character.
  package func bytes(of ids: some Sequence<Int>, skipSpecial: Bool = false) -> [UInt8] {
    fatalError("to be built")
  }

  /// The id of an added token such as `<|endoftext|>`.
  package func id(ofAdded content: String) -> Int? { fatalError("to be built") }
}
