package import ContentStore

/// A text with places for the members of a record: `Question: {{question.strip()}}\nAnswer:`. Jinja, read
/// as lm-evaluation-harness reads the templates of its tasks (`utils.apply_template`, 0.4.13: blocks are
/// not trimmed, the last line break stays, and what is undefined is an error). A template that is the
/// name of a member stands for that member, numbers and truth values as Python writes them.
package struct FieldTemplate: Sendable {
  package let source: String
  private let nodes: [JinjaNode]

  package init(_ source: String) throws(TextError) {
    self.source = source
    do throws(TextError) {
      nodes = try JinjaParser.parse(source, isTrimming: false)
    } catch { throw FieldExpression.reworded(error, source) }
  }

  /// The text for a record.
  package func text(of fields: [String: JSON]) throws(TextError) -> String {
    if let member = fields[source] { return try Self.text(of: member, source) }
    var interpreter = JinjaInterpreter(
      globals: fields.mapValues(JinjaValue.init), isStrict: true)
    do throws(TextError) {
      return String(decoding: try interpreter.render(nodes).text, as: UTF8.self)
    } catch { throw FieldExpression.reworded(error, source) }
  }

  /// Whether it could be meant as a member's name: one word, without braces.
  package var isName: Bool {
    !source.isEmpty
      && source.utf8.allSatisfy {
        $0 == UInt8(ascii: "_") || ($0 | 0x20) &- 0x61 < 26 || $0 &- 0x30 < 10
      }
  }

  private static func text(of member: JSON, _ name: String) throws(TextError) -> String {
    switch member {
    case .string(let text): return text
    case .number, .bool: return JinjaValue(member).printed
    case .null: throw TextError("\"\(name)\" is null")
    case .array, .object: throw TextError("\"\(name)\" is neither a text nor a number")
    }
  }
}

/// A value made of a record's members: `choices.label.index(answerKey)`, `["no", "yes"]`, or a member's
/// name. Jinja, without the braces or with them.
package struct FieldExpression: Sendable {
  package let source: String
  private let expression: JinjaExpression

  package init(_ source: String) throws(TextError) {
    self.source = source
    let trimmed = JinjaMethods.strip(source, nil, start: true, end: true)
    let hasBraces = trimmed.hasPrefix("{{") && trimmed.hasSuffix("}}")
    let nodes: [JinjaNode]
    do throws(TextError) {
      nodes = try JinjaParser.parse(hasBraces ? trimmed : "{{ \(source) }}", isTrimming: false)
    } catch { throw Self.reworded(error, source) }
    guard nodes.count == 1, case .output(let expression) = nodes[0] else {
      throw TextError("\"\(source)\" is not one expression, such as choices.text")
    }
    self.expression = expression
  }

  /// The value for a record.
  package func value(of fields: [String: JSON]) throws(TextError) -> JSON {
    if let value = fields[source] { return value }
    var interpreter = JinjaInterpreter(
      globals: fields.mapValues(JinjaValue.init), isStrict: true)
    do throws(TextError) {
      return try Self.json(try interpreter.value(expression))
    } catch { throw Self.reworded(error, source) }
  }

  private static func json(_ value: JinjaValue) throws(TextError) -> JSON {
    switch value {
    case .none: return .null
    case .bool(let value): return .bool(value)
    case .integer(let value): return .integer(value)
    case .float(let value): return .number(value)
    case .string(let text): return .string(text)
    case .list(let list):
      var elements: [JSON] = []
      for element in list { elements.append(try json(element)) }
      return .array(elements)
    case .map(let members):
      var object: [String: JSON] = [:]
      for (key, element) in members { object[key] = try json(element) }
      return .object(object)
    case .undefined(let name):
      throw TextError("the chat template writes \(name), which is undefined")
    default: throw TextError("the chat template gives \(value.kind)")
    }
  }

  /// The interpreter's messages are about chat templates.
  static func reworded(_ error: TextError, _ source: String) -> TextError {
    let shown = source.count > 60 ? source.prefix(57) + "..." : source[...]
    let words = Array("the chat template".utf8)
    let message = Array(error.message.utf8)
    guard message.starts(with: words) else { return error }
    let rest = String(decoding: message.dropFirst(words.count), as: UTF8.self)
    return TextError("the template \"\(shown)\"\(rest)")
  }
}
