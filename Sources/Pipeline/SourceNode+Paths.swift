import ContentStore

// Looking up and setting values by path.
extension SourceNode {
  /// The value at a path, and the place of its name; nil when there is none.
  func find(_ steps: some Collection<PathStep>) -> SourceNode? {
    var node = self
    for step in steps {
      guard let child = node.child(step) else { return nil }
      node = child
    }
    return node
  }

  /// Where a path stands in the text: the value, or for a missing one its nearest ancestor.
  func nearestPosition(_ steps: [PathStep]) -> SourcePosition {
    guard let step = steps.first, let child = child(step) else { return position }
    return child.nearestPosition(Array(steps.dropFirst()))
  }

  private func child(_ step: PathStep) -> SourceNode? {
    switch (step, value) {
    case (.key(let key), .object): self[key]
    case (.key(let key), .array(let elements)):
      Int(key).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
    case (.index(let index), .array(let elements)):
      elements.indices.contains(index) ? elements[index] : nil
    default: nil
    }
  }

  /// This value with another one set at a path. Objects on the way are made as needed; list elements
  /// must be there. `null` removes a member, or, in a patch, is kept so that merging removes it.
  func setting(
    _ steps: ArraySlice<PathStep>, to new: SourceNode, inPatch: Bool = false, at path: String = ""
  ) throws(ExperimentError) -> SourceNode {
    guard let step = steps.first else { return new }
    let rest = steps.dropFirst()
    switch (step, value) {
    case (.key(let key), .object(let members)):
      let here = path.isEmpty ? key : "\(path).\(key)"
      let old = self[key] ?? SourceNode(.object([]), at: new.position)
      let changed = try old.setting(rest, to: new, inPatch: inPatch, at: here)
      return replacing(key, in: members, with: changed, removingNull: rest.isEmpty && !inPatch)
    case (.key(let key), .array(let elements)):
      return try settingElement(Int(key), key, elements, rest, new, inPatch, path)
    case (.index(let index), .array(let elements)):
      return try settingElement(index, "\(index)", elements, rest, new, inPatch, path)
    case (.index(let index), _):
      throw ExperimentError(
        "there is no list to take element \(index) of", path: path, at: new.position)
    case (.key(let key), _):
      throw ExperimentError(
        "is \(ParameterReader.describe(json)), which has no member \"\(key)\"", path: path,
        at: new.position)
    }
  }

  private func replacing(
    _ key: String, in members: [Member], with new: SourceNode, removingNull: Bool
  ) -> SourceNode {
    var members = members
    let place = members.firstIndex { $0.key == key }
    let isRemoval = if case .null = new.value { removingNull } else { false }
    switch (place, isRemoval) {
    case (let place?, true): members.remove(at: place)
    case (let place?, false): members[place].value = new
    case (nil, true): break
    case (nil, false):
      members.append(Member(key: key, keyPosition: new.position, value: new))
    }
    return SourceNode(.object(members), at: position)
  }

  private func settingElement(
    _ index: Int?, _ shown: String, _ elements: [SourceNode], _ rest: ArraySlice<PathStep>,
    _ new: SourceNode, _ inPatch: Bool, _ path: String
  ) throws(ExperimentError) -> SourceNode {
    guard let index, elements.indices.contains(index) else {
      let valid =
        elements.isEmpty ? "it is empty" : "its elements are 0 to \(elements.count - 1)"
      throw ExperimentError(
        "the list has no element \(shown): \(valid)", path: path, at: new.position)
    }
    var elements = elements
    elements[index] = try elements[index].setting(
      rest, to: new, inPatch: inPatch, at: "\(path)[\(index)]")
    return SourceNode(.array(elements), at: position)
  }
}
