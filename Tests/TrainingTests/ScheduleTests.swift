import ContentStore
import Testing
import Training

@Suite struct ScheduleTests {
  /// `Fixtures/make_schedules.py`
  @Test func `every schedule is that of transformers, step by step`() throws {
    let json = try fixture("schedules.json")
    let cases = try #require(json["cases"]?.arrayValue)
    #expect(cases.count == 8)
    for one in cases {
      let schedule = Schedule(
        peak: 1, decay: try #require(Schedule.Decay(rawValue: one["decay"]?.stringValue ?? "")),
        warmup: try #require(one["warmup"]?.intValue), steps: try #require(json["steps"]?.intValue),
        minimumRatio: try #require(one["ratio"]?.doubleValue),
        decaySteps: try #require(json["decaySteps"]?.intValue),
        fall: one["fall"]?.stringValue.flatMap(Schedule.Fall.init) ?? .cosine)
      let expected = try #require(one["factors"]).numbers
      #expect(expected.count == 131)
      for (step, factor) in expected.enumerated() {
        // After the end transformers' cosine rises again and its line is 0; ours stay.
        if step > 110, schedule.decay == .cosine { continue }
        #expect(abs(schedule.rate(after: step) - factor) < 1e-14, "\(schedule) step \(step)")
      }
    }
  }

  @Test func `a rate is the peak times the factor, and stays at the end`() {
    let schedule = Schedule(peak: 2, decay: .cosine, warmup: 10, steps: 110, minimumRatio: 0.1)
    #expect(schedule.rate(after: 0) == 0)
    #expect(schedule.rate(after: 5) == 1)
    #expect(schedule.rate(after: 10) == 2)
    #expect(abs(schedule.rate(after: 110) - 0.2) < 1e-12)
    #expect(schedule.rate(after: 500) == schedule.rate(after: 110))
  }

  @Test func `linear and constant`() {
    let linear = Schedule(peak: 1, decay: .linear, warmup: 2, steps: 12)
    #expect((0...3).map { linear.rate(after: $0) } == [0, 0.5, 1, 0.9])
    #expect(linear.rate(after: 12) == 0)
    let constant = Schedule(peak: 3, decay: .constant, warmup: 0, steps: 5, minimumRatio: 0.1)
    #expect((0...5).allSatisfy { constant.rate(after: $0) == 3 })
  }
}
