import Ledger
import Testing

@testable import Runner
@testable import exp

@Suite struct ReplayPageTests {
  @Test func `a difference is told by step, tensor and units in the last place`() {
    var difference = ReplayDifference()
    difference.point = .init(
      series: "loss/train", step: 7, recorded: 2.5, replayed: 2.5.nextUp.nextUp)
    difference.trace = .init(
      number: 2,
      recorded: #"{"batch":"a","loss":"1","parameters":{"model.a":"x","model.b":"y"},"step":8}"#,
      replayed: #"{"batch":"a","loss":"2","parameters":{"model.a":"x","model.b":"z"},"step":8}"#)
    difference.tensors = .init(
      path: "snapshots/step-000008.safetensors", step: 8, compared: 60,
      differing: [
        .init(name: "model.b", elements: 384, differing: 1, units: 1),
        .init(name: "model.c", elements: 12, differing: 12, units: 90),
      ])
    #expect(
      difference.sentences == [
        "at step 7: loss/train was 2.5, now 2.500000000000001, 2 units in the last place apart",
        "first differing line of the trace: step 8, in loss; parameters of model.b",
        "snapshots/step-000008.safetensors: model.b differs in 1 of 384 values, by at most 1 unit in "
          + "the last place",
        "  2 of 60 tensors differ, model.c by most: 90 units in the last place",
      ])
  }

  @Test func `where one side is no number, or is missing, there is no distance`() {
    var difference = ReplayDifference()
    difference.point = .init(series: "loss", step: 1, recorded: .nan, replayed: 1)
    #expect(difference.sentences == ["at step 1: loss was nan, now 1"])
    difference.point = .init(series: "loss", step: 1, recorded: nil, replayed: 1)
    #expect(difference.sentences == ["at step 1: loss was absent, now 1"])
    difference.point = nil
    difference.tensors = .init(
      path: "checkpoint/model.safetensors", step: nil, compared: 1,
      differing: [.init(name: "a", elements: 2, differing: 1, units: .max)])
    #expect(
      difference.sentences == [
        "checkpoint/model.safetensors: a differs in 1 of 2 values, a NaN on one side"
      ])
  }
}
