import ContentStore
import Corpus
import LanguageModel
import Ledger
import Numerics
import Pipeline
import Testing
import Text
import Training

@testable import Stages

/// What the ops `distill`, `teach`, `prune` and `adapt` have in common: a model that is there, tokens, a
/// tokenizer, and runs that may be stopped.
private let sizes: [String: JSON] = [
  "steps": 8, "batch": 4, "sequence": 16, "learningRate": 0.01, "validationEvery": 4,
  "validationBatches": 2, "snapshotEvery": 4, "traceEvery": 4,
]
private let model: JSON = [
  "layers": 2, "hidden": 16, "heads": 2, "keyValueHeads": 1, "intermediate": 24,
]

private func parameters<S: Stage>(
  _: S.Type, _ with: [String: JSON]
) throws(ParameterError) -> S.Parameters {
  var reader = ParameterReader(with)
  return try reader.decode { (reader) throws(ParameterError) in
    try S.Parameters(from: &reader)
  }
}

private func context(
  threads: Int = 1, store: ObjectStore? = nil, stopAfter: Int = .max
) throws -> FakeContext {
  let context = try FakeContext(threads: threads, store: store, stopAfter: stopAfter)
  try context.connect("tokens", tree: sampleTokens())
  try context.connect("tokenizer", tree: ["tokenizer.json": sampleTokenizer(vocabularySize: 257)])
  return context
}

/// A pretrained model, in a store that the contexts of a test share.
private func teacher(seed: UInt64 = 17) throws -> FakeContext {
  let context = try context()
  var with = sizes.merging(["model": model, "steps": 30]) { $1 }
  with["snapshotEvery"] = 0
  try Pretrain.run(parameters(Pretrain.self, with), in: context)
  return context
}

/// Runs a stage plainly on one thread; then stopped after some checks, and gone on with on two threads; both
/// must give the same.
private func runTwice<S: Stage>(
  _ stage: S.Type, _ with: [String: JSON], stop: Int, _ store: ObjectStore,
  _ connect: (FakeContext) throws -> Void
) throws -> FakeContext {
  let parameters = try parameters(stage, with)
  let plain = try context(store: store)
  try connect(plain)
  try S.run(parameters, in: plain)
  let first = try context(store: store, stopAfter: stop)
  try connect(first)
  #expect(throws: FakeInterruption.self) { try S.run(parameters, in: first) }
  #expect(first.outputs.isEmpty && first.snapshots.last != nil)
  let second = try context(threads: 2, store: store)
  try connect(second)
  second.snapshots = first.snapshots
  try S.run(parameters, in: second)
  #expect(!second.logLines.contains { $0.contains("starting over") })
  #expect(second.logLines.contains { $0.contains("going on after step") })
  #expect(second.outputs == plain.outputs && second.scores == plain.scores)
  #expect(second.metrics == plain.metrics)
  return plain
}

private func recipe<S: Stage>(
  _: S.Type, _ with: [String: JSON], _ context: FakeContext
) throws -> Recipe {
  var reader = ParameterReader(with)
  _ = try reader.decode { (reader) throws(ParameterError) in try S.Parameters(from: &reader) }
  return Recipe(
    op: S.op, revision: S.revision, parameters: .object(reader.normalized),
    inputs: Dictionary(
      uniqueKeysWithValues: context.inputPorts.map { port in
        (port, context.inputs(port).map(\.artifact))
      }), seed: context.seed, numerics: "portable/1")
}

@Suite struct DistillStageTests {
  @Test(arguments: ["full", "first-choice"])
  func `a student is taught, and a stop changes nothing`(targets: String) throws {
    let teacher = try teacher()
    defer { withExtendedLifetime(teacher) {} }
    let artifact = try #require(teacher.outputs["checkpoint"])
    let with = sizes.merging(["model": model, "targets": .string(targets)]) { $1 }
    let student = try runTwice(Distill.self, with, stop: 7, teacher.store) {
      $0.connect("teacher", artifact)
    }
    let series = Set(student.metrics.map(\.series))
    #expect(series.isSuperset(of: ["loss/train", "kl/teacher", "agreement/teacher", "entropy"]))
    let divergences = student.metrics.filter { $0.series == "kl/teacher" }.map(\.value)
    #expect(try #require(divergences.last) < divergences[0])
    let documents = try StepDocuments(
      recipe(Distill.self, with, student), step: 3, store: student.store)
    #expect(documents.steps == 8 && !documents.pieces.isEmpty)
  }

  @Test func `a student that goes on from its teacher begins without divergence`() throws {
    let teacher = try teacher()
    defer { withExtendedLifetime(teacher) {} }
    let artifact = try #require(teacher.outputs["checkpoint"])
    let student = try context(store: teacher.store)
    student.connect("teacher", artifact)
    student.connect("checkpoint", artifact)
    try Distill.run(parameters(Distill.self, sizes), in: student)
    let first = try #require(student.metrics.first { $0.series == "kl/teacher" })
    #expect(abs(first.value) < 1e-6)
    #expect(student.metrics.first { $0.series == "agreement/teacher" }?.value == 1)
  }

  @Test func `stored choices give the bits of the teacher`() throws {
    let teacher = try teacher()
    defer { withExtendedLifetime(teacher) {} }
    let artifact = try #require(teacher.outputs["checkpoint"])
    let taught = try context(store: teacher.store)
    taught.connect("teacher", artifact)
    try Teach.run(parameters(Teach.self, ["sequence": 16]), in: taught)
    #expect(try #require(taught.scores["accuracy/teacher"]).value > 0.3)
    let choices = try #require(taught.outputs["choices"])
    var with = sizes.merging(["model": model, "targets": "first-choice"]) { $1 }
    let asked = try context(store: teacher.store)
    asked.connect("teacher", artifact)
    try Distill.run(parameters(Distill.self, with), in: asked)
    with["stored"] = true
    let stored = try runTwice(Distill.self, with, stop: 5, teacher.store) {
      $0.connect("choices", choices)
    }
    #expect(stored.outputs == asked.outputs && stored.metrics == asked.metrics)
    // Other sequences would have been answered otherwise.
    with["sequence"] = 8
    let wrong = try context(store: teacher.store)
    wrong.connect("choices", choices)
    #expect {
      try Distill.run(parameters(Distill.self, with), in: wrong)
    } throws: { "\($0)".contains("sequences of 16") }
  }

  @Test func `a teacher of another tokenizer is refused`() throws {
    let teacher = try teacher()
    defer { withExtendedLifetime(teacher) {} }
    let store = teacher.store
    var files: [String: [UInt8]] = [:]
    let artifact = InputArtifact(try #require(teacher.outputs["checkpoint"]), in: store)
    for path in try artifact.tree().entries.keys { files[path] = try artifact.read(path: path) }
    let with = sizes.merging(["model": model]) { $1 }
    for (changed, part) in [
      (try sampleTokenizer(vocabularySize: 258), "another tokenizer"), (nil, "no tokenizer.json"),
    ] {
      files["tokenizer.json"] = changed
      let student = try context(store: store)
      try student.connect("teacher", tree: files)
      #expect {
        try Distill.run(parameters(Distill.self, with), in: student)
      } throws: { "\($0)".contains(part) }
    }
  }

  @Test(
    arguments: [
      (["stored": true], "stored"), (["targets": "first-choice", "temperature": 2], "temperature"),
      (["teacherWeight": 1.5], "teacherWeight"),
      (["mix": ["tokens": 1, "teacher": 1]], "mix.teacher"),
    ] as [([String: JSON], String)])
  func `wrong parameters are refused by path`(changes: [String: JSON], path: String) {
    #expect {
      try parameters(Distill.self, sizes.merging(changes) { $1 })
    } throws: { ($0 as? ParameterError)?.path == path }
  }
}

@Suite struct PruneStageTests {
  @Test(arguments: ["scores", "all"])
  func `masks are trained and cut, and a stop changes nothing`(trained: String) throws {
    let whole = try teacher()
    defer { withExtendedLifetime(whole) {} }
    let artifact = try #require(whole.outputs["checkpoint"])
    let with = sizes.merging([
      "intermediate": 10, "train": .string(trained), "maskEpsilonFloor": 0.1,
      "initialScores": "activation",
    ]) { $1 }
    let pruned = try runTwice(Prune.self, with, stop: 12, whole.store) {
      $0.connect("checkpoint", artifact)
    }
    let output = try #require(pruned.outputs["checkpoint"])
    let checkpoint = try InputArtifact(output, in: pruned.store).checkpoint()
    #expect(checkpoint.model.configuration.intermediate == 10)
    #expect(checkpoint.tokenizerFiles.keys.sorted() == ["tokenizer.json"])
    let cut = try #require(pruned.scores["loss/validation/cut"]).value
    let base = try #require(pruned.scores["loss/validation/base"]).value
    #expect(abs(base - (try #require(whole.scores["loss/validation"]).value)) < 1e-6)
    #expect(cut < base + 1)
    #expect(
      try #require(pruned.scores["mask/kept"]).value
        > (try #require(pruned.scores["mask/cut"]).value))
    let documents = try StepDocuments(
      recipe(Prune.self, with, pruned), step: 8, store: pruned.store)
    #expect(documents.steps == 8)
  }

  @Test(arguments: ["magnitude", "activation", "random"])
  func `methods without training give a narrower checkpoint`(method: String) throws {
    let whole = try teacher()
    defer { withExtendedLifetime(whole) {} }
    let artifact = try #require(whole.outputs["checkpoint"])
    var results: [[String: Artifact]] = []
    for threads in [1, 2] {
      let pruned = try context(threads: threads, store: whole.store)
      pruned.connect("checkpoint", artifact)
      try Prune.run(
        parameters(
          Prune.self,
          [
            "intermediate": 10, "method": .string(method), "batch": 4, "sequence": 16,
            "calibrationBatches": 2,
          ]), in: pruned)
      let output = try #require(pruned.outputs["checkpoint"])
      let checkpoint = try InputArtifact(output, in: pruned.store).checkpoint()
      #expect(checkpoint.model.configuration.intermediate == 10)
      #expect(pruned.scores["loss/validation"] != nil)
      #expect(pruned.scores["loss/validation/base"] != nil)
      results.append(pruned.outputs)
    }
    #expect(results[0] == results[1])
  }

  @Test func `what cannot be cut is refused`() throws {
    let whole = try teacher()
    defer { withExtendedLifetime(whole) {} }
    let pruned = try context(store: whole.store)
    pruned.connect("checkpoint", try #require(whole.outputs["checkpoint"]))
    #expect {
      try Prune.run(
        parameters(Prune.self, ["intermediate": 24, "method": "random", "sequence": 16]),
        in: pruned)
    } throws: { "\($0)".contains("24 units") }
    #expect {
      try parameters(Prune.self, ["intermediate": 4, "method": "random", "steps": 3])
    } throws: { ($0 as? ParameterError)?.path == "steps" }
    #expect {
      try parameters(
        Prune.self, sizes.merging(["intermediate": 4, "maskIterations": 200]) { $1 })
    } throws: { ($0 as? ParameterError)?.path == "maskEpsilonDecay" }
  }
}

@Suite struct AdaptStageTests {
  @Test(arguments: ["none", "full"])
  func `adapters are trained, and a stop changes nothing`(lesson: String) throws {
    let base = try teacher()
    defer { withExtendedLifetime(base) {} }
    let artifact = try #require(base.outputs["checkpoint"])
    let with = sizes.merging(["rank": 3, "teacher": .string(lesson), "weightDecay": 0]) { $1 }
    let adapted = try runTwice(Adapt.self, with, stop: 6, base.store) {
      $0.connect("checkpoint", artifact)
      if lesson != "none" { $0.connect("teacher", artifact) }
    }
    let input = InputArtifact(artifact, in: base.store)
    let model = try input.checkpoint().model
    let folder = InputArtifact(try #require(adapted.outputs["adapter"]), in: adapted.store)
    let adapter = try Adapter(for: model.configuration, paths: folder.tree().entries.keys) {
      try folder.read(path: $0)
    }
    #expect(adapter.configuration.rank == 3 && adapter.configuration.targets.count == 7)
    let merged = adapter.merged(into: model, on: Compute(threads: 1))
    let output = InputArtifact(try #require(adapted.outputs["checkpoint"]), in: adapted.store)
    #expect(try output.checkpoint().model.parameters.array == merged.parameters.array)
    #expect(adapted.scores["parameters/trained"]?.value == Double(adapter.layout.count))
    let state = try Safetensors(
      parsing: adapted.output("snapshots", "step-000004.safetensors"))
    #expect(!state.names.contains { $0.hasPrefix("model.") })
    if lesson == "none" {
      let losses = ["", "/base"].compactMap { adapted.scores["loss/validation\($0)"]?.value }
      #expect(losses.count == 2 && losses[0] < losses[1])
    }
  }

  @Test func `an adapter is trained further from where another ended`() throws {
    let base = try teacher()
    defer { withExtendedLifetime(base) {} }
    let with = sizes.merging(["rank": 3, "weightDecay": 0]) { $1 }
    let first = try context(store: base.store)
    let checkpoint = try #require(base.outputs["checkpoint"])
    first.connect("checkpoint", checkpoint)
    try Adapt.run(parameters(Adapt.self, with), in: first)
    let begun = try #require(first.outputs["adapter"])
    func further(_ more: [String: JSON]) throws -> FakeContext {
      let context = try context(store: base.store)
      context.connect("checkpoint", checkpoint)
      context.connect("adapter", begun)
      try Adapt.run(parameters(Adapt.self, with.merging(more) { $1 }), in: context)
      return context
    }
    // A rate of 0 leaves every bit; another rate goes on from there.
    #expect(try further(["learningRate": 0]).outputs["adapter"] == begun)
    let second = try further([:])
    #expect(second.outputs["adapter"] != begun)
    let losses = [first, second].compactMap { $0.scores["loss/validation"]?.value }
    #expect(losses.count == 2 && losses[1] < losses[0])
    // What it began from, not the model without it.
    #expect(second.scores["loss/validation/base"]?.value == losses.first)
    #expect {
      _ = try further(["rank": 2])
    } throws: { "\($0)".contains("rank 3") && "\($0)".contains("rank 2") }
  }

  @Test func `maps that are not there are refused`() throws {
    let base = try teacher()
    defer { withExtendedLifetime(base) {} }
    let adapted = try context(store: base.store)
    adapted.connect("checkpoint", try #require(base.outputs["checkpoint"]))
    let with = sizes.merging(["targetModules": ["q_proj", "c_attn"]]) { $1 }
    #expect {
      try Adapt.run(parameters(Adapt.self, with), in: adapted)
    } throws: { "\($0)".contains("c_attn") }
    #expect {
      try parameters(Adapt.self, sizes.merging(["model": model]) { $1 })
    } throws: { ($0 as? ParameterError)?.path == "model" }
  }
}

@Suite struct PackedStageTests {
  private func packed(_ strategy: String, _ attention: String) throws -> FakeContext {
    let packed = try context()
    try Pack.run(
      parameters(
        Pack.self,
        ["length": 32, "strategy": .string(strategy), "attention": .string(attention)]),
      in: packed)
    return packed
  }

  @Test(arguments: ["bfd", "bfd-split", "wrapped"], ["documents", "rows"])
  func `packed tokens are trained on, and lead back`(strategy: String, attention: String) throws {
    let packed = try packed(strategy, attention)
    defer { withExtendedLifetime(packed) {} }
    let with = sizes.merging(["model": model, "sequence": 32, "traceEvery": 1]) { $1 }
    let trained = try FakeContext(store: packed.store)
    trained.connect("tokens", try #require(packed.outputs["tokens"]))
    try trained.connect(
      "tokenizer", tree: ["tokenizer.json": sampleTokenizer(vocabularySize: 257)])
    try Pretrain.run(parameters(Pretrain.self, with), in: trained)
    #expect(trained.scores["loss/validation"] != nil)
    let documents = try StepDocuments(
      recipe(Pretrain.self, with, trained), step: 2, store: trained.store)
    let stream = try trained.input("tokens").tokens(.train, vocabularySize: 257)
    var sequences: [Int: Int] = [:]
    for piece in documents.pieces {
      // Every document ends with its end token, and nothing else does.
      let last = stream.tokens[piece.tokens.upperBound - 1]
      #expect((last == 0) == (stream.tokens[piece.tokens].contains(0)))
      sequences[piece.sequence, default: 0] += piece.tokens.count
      #expect(piece.source == "seed 1")
    }
    #expect(sequences.count == 4 && sequences.values.allSatisfy { $0 <= 32 })
  }

  @Test func `a row is taken whole`() throws {
    let packed = try packed("bfd", "documents")
    defer { withExtendedLifetime(packed) {} }
    let trained = try FakeContext(store: packed.store)
    trained.connect("tokens", try #require(packed.outputs["tokens"]))
    try trained.connect(
      "tokenizer", tree: ["tokenizer.json": sampleTokenizer(vocabularySize: 257)])
    #expect {
      try Pretrain.run(
        parameters(Pretrain.self, sizes.merging(["model": model]) { $1 }), in: trained)
    } throws: { "\($0)".contains("let `sequence` be 32") }
  }
}
