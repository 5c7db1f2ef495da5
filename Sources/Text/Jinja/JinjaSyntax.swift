/// A part of a template.
indirect enum JinjaNode: Sendable {
  case text(String)
  case output(JinjaExpression)
  case branch([(condition: JinjaExpression, body: [JinjaNode])], otherwise: [JinjaNode])
  case loop(JinjaLoop)
  case set([String], JinjaExpression)
  /// `{% set ns.name = value %}`
  case setMember(String, String, JinjaExpression)
  /// `{% set name %}text{% endset %}`
  case capture(String, [JinjaNode])
  case macro(JinjaMacro)
  /// `{% generation %}`: what the assistant wrote (transformers).
  case generation([JinjaNode])
  case leave
  case next
}

struct JinjaLoop: Sendable {
  var names: [String]
  var list: JinjaExpression
  var condition: JinjaExpression?
  var body: [JinjaNode]
  var otherwise: [JinjaNode]
}

indirect enum JinjaExpression: Sendable {
  case value(JinjaValue)
  case name(String)
  case list([JinjaExpression])
  case map([(key: JinjaExpression, value: JinjaExpression)])
  case unary(String, JinjaExpression)
  case binary(String, JinjaExpression, JinjaExpression)
  /// `a < b < c`
  case comparison(JinjaExpression, [(sign: String, JinjaExpression)])
  case condition(JinjaExpression, then: JinjaExpression, otherwise: JinjaExpression?)
  case member(JinjaExpression, String)
  case element(JinjaExpression, JinjaExpression)
  case slice(JinjaExpression, JinjaExpression?, JinjaExpression?, JinjaExpression?)
  case call(JinjaExpression, JinjaArguments)
  case filter(JinjaExpression, String, JinjaArguments)
  case test(JinjaExpression, String, JinjaArguments)
}

struct JinjaArguments: Sendable {
  var plain: [JinjaExpression] = []
  var named: [(name: String, value: JinjaExpression)] = []
}
