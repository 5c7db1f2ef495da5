extension SourceNode {
  /// RFC 7396: objects merge, `null` removes, anything else replaces. Members keep the target's order;
  /// new ones follow in the patch's order. Values keep the place they were written at.
  package func merged(with patch: SourceNode) -> SourceNode { fatalError("to be built") }
}
