import Pipeline
import Training

/// Which averages of the parameters a training op gives beside the last ones.
struct AverageParameters: StageParameters {
  let emaDecay: Double?
  let emaFrom: Int
  let averageFrom: Int?
  let averageEvery: Int
  let averageTo: Int?

  /// None.
  init() {
    (emaDecay, emaFrom) = (nil, 1)
    (averageFrom, averageTo, averageEvery) = (nil, nil, 1)
  }

  init(from reader: inout ParameterReader) throws(ParameterError) {
    emaDecay = try reader.optionalNumber(
      "emaDecay", in: 0...0.999_999_999,
      "Decay per step of an exponential average of the parameters, the output ema; left out, none.")
    emaFrom = try reader.integer(
      "emaFrom", default: 1, in: 1...(1 << 40), unit: "steps",
      "The step whose parameters the exponential average begins with.")
    averageFrom = try reader.optionalInteger(
      "averageFrom", in: 1...(1 << 40), unit: "steps",
      "The first step of a uniform (Polyak) average of the parameters, the output average; left "
        + "out, none.")
    averageTo = try reader.optionalInteger(
      "averageTo", in: 1...(1 << 40), unit: "steps",
      "The last step that may count in the uniform average; left out, the last of all.")
    averageEvery = try reader.integer(
      "averageEvery", default: 1, in: 1...(1 << 40), unit: "steps",
      "Steps from one that counts in the uniform average to the next.")
  }

  /// What the fields must be to the number of steps.
  func check(steps: Int) throws(ParameterError) {
    if emaDecay != nil, emaFrom > steps {
      throw ParameterError(
        path: "emaFrom", message: "must be at most the last step, \(steps), found \(emaFrom)")
    }
    let last = min(averageTo ?? steps, steps)
    if let averageFrom, averageFrom > last {
      throw ParameterError(
        path: "averageFrom", message: "must be at most \(last), found \(averageFrom)")
    }
  }

  /// A state has a sum of parameters, not which of them it is the sum of; when steps end to count, it
  /// must not matter before the state.
  package func check(
    goingOnFrom parent: AverageParameters, after step: Int
  ) throws(ParameterError) {
    guard let averageFrom, averageFrom <= step else { return }
    let (own, parents) = (averageTo ?? .max, parent.averageTo ?? .max)
    if own == parents || min(own, parents) >= step { return }
    throw ParameterError(
      path: "averageTo",
      message: "changes which of the first \(step) steps are averaged, and they are in the "
        + "parent's snapshot; branch from an earlier one")
  }

  func averages(steps: Int) -> [(kind: Average.Kind, window: StepWindow)] {
    var result: [(kind: Average.Kind, window: StepWindow)] = []
    if let emaDecay {
      result.append((.exponential(decay: emaDecay), StepWindow(first: emaFrom, last: steps)))
    }
    if let averageFrom {
      let last = min(averageTo ?? steps, steps)
      result.append(
        (.uniform, StepWindow(first: averageFrom, last: last, every: averageEvery)))
    }
    return result
  }

  /// The checkpoints there will be. `all` when ops are listed.
  func ports() -> [Port] {
    Self.ports.filter { $0.name == "ema" ? emaDecay != nil : averageFrom != nil }
  }

  static let ports = [
    Port(
      "ema", .checkpoint, "The exponential average of the parameters, when emaDecay is given.",
      optional: true),
    Port(
      "average", .checkpoint, "The uniform average of the parameters, when averageFrom is given.",
      optional: true),
  ]
}
