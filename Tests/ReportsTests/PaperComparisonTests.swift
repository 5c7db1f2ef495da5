import ContentStore
import Ledger
import Pipeline
import Testing

@testable import Reports

@Suite struct PaperComparisonTests {
  private let laboratory: Laboratory

  init() throws { laboratory = try Laboratory() }

  private func reported(_ text: String) throws -> Reported {
    let stages = "text: { op: 'o' }, model: { op: 'o' }, evaluate: { op: 'o' }"
    let file = SourceFile(
      name: "experiment.json5", folder: "/folder",
      bytes: Array("{ name: 'made-up', stages: { \(stages) }, reported: \(text) }".utf8))
    return try ExperimentFile(parsing: file).experiment(profile: nil, overrides: []).reported
  }

  /// The rows beside a run, by the reported score's name.
  private func rows(_ text: String) throws -> [String: PaperComparison.Row] {
    let run = try laboratory.run(
      laboratory.steps(rate: 0.1, answers: [true, true, true, false], loss: 3))
    let records = try RunRecords.group(run, in: laboratory.ledger) { try laboratory.read($0) }
    let rows = PaperComparison(records, try reported(text), ourParameters: nil).rows
    return Dictionary(uniqueKeysWithValues: rows.map { ($0.score, $0) })
  }

  @Test func `a reported score stands beside the score of ours that is named for it`() throws {
    let rows = try rows(
      """
      { "8B": { source: "Table 9", mmlu: 0.667, gsm8k: 0.572, accuracy: 0.5,
        ours: { mmlu: "evaluate/accuracy" } } }
      """)
    let mmlu = try #require(rows["mmlu"])
    #expect(mmlu.reported == 0.667 && mmlu.ours == 0.75 && mmlu.count == 4)
    #expect(mmlu.stage == "evaluate" && mmlu.ourScore == "accuracy")
    let gsm8k = try #require(rows["gsm8k"])
    #expect(gsm8k.ours == nil && gsm8k.stage == nil && gsm8k.ourScore == nil)
    // Found by its own name, as before.
    #expect(rows["accuracy"]?.ours == 0.75 && rows["accuracy"]?.ourScore == "accuracy")
  }

  @Test func `what is named goes before the table's stage and a score of the same name`() throws {
    let rows = try rows(
      """
      { "8B": { stage: "evaluate", source: "Table 9", accuracy: 0.5, mmlu: 0.6,
        ours: { accuracy: "model/loss" } } }
      """)
    #expect(rows["accuracy"]?.stage == "model" && rows["accuracy"]?.ours == 3)
    #expect(rows["mmlu"]?.ours == nil)
  }

  @Test func `a named score that the run lacks is left open, and where it was sought is said`()
    throws
  {
    let row = try rows(
      "{ '8B': { source: 'Table 9', mmlu: 0.6, ours: { mmlu: 'evaluate/world' } } }")["mmlu"]
    #expect(row?.ours == nil && row?.stage == "evaluate" && row?.ourScore == "world")
  }
}
