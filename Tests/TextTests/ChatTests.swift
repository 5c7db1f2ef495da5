import ContentStore
import Testing
import Text

/// Against transformers' `apply_chat_template`: see Fixtures/make_chats.py.
@Suite struct ChatTests {
  private let file: JSON

  init() throws { file = try JSON(parsing: fixture("chats.json")) }

  private func template(_ source: String) throws -> ChatTemplate {
    try ChatTemplate(source, beginToken: "<s>", endToken: "</s>")
  }

  @Test func `a template's name that is misspelt is no template`() {
    let error = #expect(throws: TextError.self) { try template("chatlm") }
    #expect(error?.message.contains("did you mean \"chatml\"?") == true)
  }

  @Test func `conversations are rendered as transformers does, or refused where it does`() throws {
    let cases = try #require(file["cases"]?.arrayValue)
    #expect(cases.count == 72)
    for expected in cases {
      let name = try #require(expected["name"]?.stringValue)
      let source = try #require(file["templates"]?[name]?.stringValue)
      if name != "many" { #expect(ChatTemplate.named[name] == source) }
      let messages = try #require(expected["messages"]?.arrayValue).map {
        try #require(ChatMessage(json: $0))
      }
      let prompt = expected["prompt"] == true
      let text = try? template(source).text(messages, addGenerationPrompt: prompt)
      #expect(
        areIdentical(text.map { [$0] } ?? [], expected["text"]?.stringValue.map { [$0] } ?? []),
        "\(name) \(messages): \(text ?? "refused")")
      if let marked = expected["assistant"] {
        let rendering = try template(source).render(messages, addGenerationPrompt: prompt)
        let bytes = Array(rendering.text.utf8)
        let parts = rendering.assistant.map { String(decoding: bytes[$0], as: UTF8.self) }
        #expect(areIdentical(parts, strings(marked)))
      }
    }
  }

  private let talk: [ChatMessage] = [
    .system("Be brief."), .user("Hi"), .assistant("Hello\nthere"), .user("2+2?"), .assistant("4"),
  ]

  private func assistant(_ name: String, _ messages: [ChatMessage]) throws -> [String] {
    let rendering = try template(name).render(messages)
    let bytes = Array(rendering.text.utf8)
    return rendering.assistant.map { String(decoding: bytes[$0], as: UTF8.self) }
  }

  @Test func `the assistant's part is what it wrote and the token that ends its turn`() throws {
    #expect(try assistant("chatml", talk) == ["Hello\nthere<|im_end|>", "4<|im_end|>"])
    #expect(try assistant("qwen2", talk) == ["Hello\nthere<|im_end|>", "4<|im_end|>"])
    #expect(try assistant("llama3", talk) == ["Hello\nthere<|eot_id|>", "4<|eot_id|>"])
    #expect(
      try assistant("gemma", Array(talk.dropFirst())) == [
        "Hello\nthere<end_of_turn>", "4<end_of_turn>",
      ])
    #expect(try assistant("plain", talk) == [" Hello\nthere</s>", " 4</s>"])
    #expect(try assistant("chatml", [.assistant("I begin")]) == ["I begin<|im_end|>"])
  }

  @Test func `a prompt for the next turn is not the assistant's part`() throws {
    let rendering = try template("chatml").render(talk, addGenerationPrompt: true)
    let bytes = Array(rendering.text.utf8)
    let parts = rendering.assistant.map { String(decoding: bytes[$0], as: UTF8.self) }
    #expect(parts == ["Hello\nthere<|im_end|>", "4<|im_end|>"])
    #expect(rendering.text.hasSuffix("<|im_start|>assistant\n"))
  }

  @Test func `a template that rewrites earlier messages is refused where the part is asked for`()
    throws
  {
    let source = "{% for m in messages %}{{ m.content if loop.last else '' }}{% endfor %}"
    #expect(try template(source).text(talk) == "4")
    #expect(throws: TextError.self) { try template(source).render(talk) }
  }

  @Test func `tokens of the assistant are marked`() throws {
    let tokenizer = try Tokenizer(json: fixture("tokenizer-llama3.json"))
    var encoder = Encoder(tokenizer)
    let chat = try ChatTemplate("plain", endToken: "<|endoftext|>")
    let tokens = try chat.encode(talk, with: &encoder)
    let parts = tokens.assistant.map { tokenizer.decode(tokens.ids[$0].map(Int.init)) }
    #expect(parts == [" Hello\nthere<|endoftext|>", " 4<|endoftext|>"])
    #expect(tokens.mask.count == tokens.ids.count && tokens.mask.last == true)
    #expect(tokens.mask.first == false)
  }

  @Test func `what a template cannot do is said`() {
    func fault(_ source: String) -> String {
      do {
        _ = try template(source).text([.user("x")])
        return "no error"
      } catch { return "\(error)" }
    }
    #expect(fault("{% for m in messages %}").contains("{% endfor %} is missing"))
    #expect(fault("a\n{% include 'x' %}").contains("the statement {% include %} is unknown"))
    #expect(fault("{{ messages | shout }}").contains("the filter shout"))
    #expect(fault("{{ x.y }}").contains("asks for y of x, which is undefined"))
    #expect(fault("{{ raise_exception('no') }}").contains("refuses the conversation: no"))
    #expect(fault("{{ strftime_now('%d') }}").contains("today's date"))
    #expect(fault("{{ 'open").contains("does not end"))
    #expect(fault("{{ 1 + 'a' }}").contains("computes a number + a text"))
  }
}
