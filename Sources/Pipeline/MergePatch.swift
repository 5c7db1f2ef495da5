extension SourceNode {
  /// RFC 7396: objects merge, `null` removes, anything else replaces. Members keep the target's order;
  /// new ones follow in the patch's order. Values keep the place they were written at.
  package func merged(with patch: SourceNode) -> SourceNode {
    guard case .object(let changes) = patch.value else { return patch }
    var result = members ?? []
    for change in changes {
      let place = result.firstIndex { $0.key == change.key }
      switch (change.value.value, place) {
      case (.null, let place?): result.remove(at: place)
      case (.null, nil): break
      case (_, let place?): result[place].value = result[place].value.merged(with: change.value)
      case (_, nil): result.append(change.mergedIntoNothing)
      }
    }
    return SourceNode(.object(result), at: members == nil ? patch.position : position)
  }
}

extension SourceNode.Member {
  /// A new member holds no `null` of its patch.
  fileprivate var mergedIntoNothing: SourceNode.Member {
    let nothing = SourceNode(.null, at: value.position)
    return SourceNode.Member(
      key: key, keyPosition: keyPosition, value: nothing.merged(with: value))
  }
}
