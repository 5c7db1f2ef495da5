import ContentStore

/// An experiment file before a profile is chosen.
package struct ExperimentFile: Sendable {
  package let root: SourceNode
  package let name: String
  /// In file order.
  package let profileNames: [String]
  /// The file's `defaultProfile`; nil means that the base values apply.
  package let defaultProfile: String?

  /// The text that it was read from.
  package var source: SourceFile { root.position.file }

  /// Reads a file, or `experiment.json5` in a folder.
  package static func load(_ path: String) throws(ExperimentError) -> ExperimentFile {
    var file = path
    do {
      if try FileSystem.status(of: path)?.kind == .folder {
        file = path == "/" || path.hasSuffix("/") ? path : path + "/"
        file += "experiment.json5"
      }
      guard try FileSystem.status(of: file) != nil else {
        throw ExperimentError("there is no experiment file \"\(file)\"; give a file or its folder")
      }
      let absolute = file.hasPrefix("/") ? file : "\(FileSystem.currentFolder())/\(file)"
      let folder = FileSystem.parent(of: absolute) ?? "/"
      return try ExperimentFile(
        parsing: SourceFile(name: file, folder: folder, bytes: try FileSystem.read(file)))
    } catch let error as ExperimentError {
      throw error
    } catch {
      throw ExperimentError("\(error)")
    }
  }

  package init(parsing file: SourceFile) throws(ExperimentError) {
    root = try SourceNode(parsing: file)
    let reader = try NodeReader(
      root, path: "", allowed: ExperimentReader.keys + ["profiles", "defaultProfile"])
    name = try ExperimentReader.name(reader)
    profileNames = try reader.map("profiles")?.members.map(\.key) ?? []
    defaultProfile = try reader.string("defaultProfile")
    for profile in try reader.map("profiles")?.members ?? [] {
      let path = "profiles.\(profile.key)"
      guard profile.key != "base" else {
        throw ExperimentError(
          "\"base\" means the values without a profile; choose another name", path: path,
          at: profile.keyPosition)
      }
      _ = try NodeReader(profile.value, path: path, allowed: ExperimentReader.keys)
    }
    if let defaultProfile, !profileNames.contains(defaultProfile) {
      throw reader.error("defaultProfile", unknownProfile(defaultProfile))
    }
  }

  /// The experiment under a profile, then under overrides in their order; later ones win.
  /// - Parameter profile: nil takes the file's `defaultProfile`; `base` names the base values.
  package func experiment(
    profile: String? = nil, overrides: [Override] = []
  ) throws(ExperimentError) -> Experiment {
    let chosen = profile ?? defaultProfile ?? "base"
    guard chosen == "base" || profileNames.contains(chosen) else {
      throw ExperimentError(unknownProfile(chosen), at: root["profiles"]?.position)
    }
    var merged = root.without(["profiles", "defaultProfile"])
    if let patch = root["profiles"]?[chosen] { merged = merged.merged(with: patch) }
    var experiment = try Experiment(root: merged, overrides: overrides)
    experiment.profile = chosen == "base" ? nil : chosen
    return experiment
  }

  private func unknownProfile(_ name: String) -> String {
    let known = (profileNames + ["base"]).joined(separator: ", ")
    return "there is no profile \"\(name)\"\(didYouMean(name, among: profileNames + ["base"]));"
      + " \(self.name) has \(known)"
  }
}

extension SourceNode {
  /// An object without some members.
  func without(_ keys: [String]) -> SourceNode {
    SourceNode(.object((members ?? []).filter { !keys.contains($0.key) }), at: position)
  }
}
