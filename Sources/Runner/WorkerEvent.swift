import ContentStore
import Ledger
import Pipeline

/// What a worker tells its runner, each as one line of JSON: an object whose only member names the
/// event. The last one is `result`, `failed` or `interrupted`; a worker that ends without one was
/// killed.
enum WorkerEvent: Hashable, Sendable {
  /// `{"progress":{"done":…,"total":…,"unit":…,"note":…}}`
  case progress(Progress)
  /// `{"metrics":[["<series>",<step>,"<16 hex digits of the value's bits>"],…]}`
  case metrics([MetricPoint])
  /// `{"log":"…"}`
  case log(String)
  /// `{"snapshot":<step>}`: it is on disk.
  case snapshot(step: Int)
  /// `{"result":{…}}`: a `result/1` record whose objects are all durable.
  case result(StageResult)
  /// `{"failed":"…"}`: one sentence.
  case failed(String)
  /// `{"interrupted":true}`
  case interrupted

  var json: JSON {
    switch self {
    case .progress(let progress):
      [
        "progress": [
          "done": .exact(progress.done), "total": .exact(progress.total),
          "unit": .string(progress.unit), "note": .string(progress.note),
        ]
      ]
    case .metrics(let points): ["metrics": .array(points.map(Self.json))]
    case .log(let line): ["log": .string(line)]
    case .snapshot(let step): ["snapshot": .integer(step)]
    case .result(let result): ["result": result.json]
    case .failed(let message): ["failed": .string(message)]
    case .interrupted: ["interrupted": true]
    }
  }

  init?(json: JSON) {
    guard let (name, value) = json.objectValue?.first else { return nil }
    switch name {
    case "progress": self.init(progress: value)
    case "metrics":
      guard let list = value.arrayValue else { return nil }
      let points = list.compactMap(Self.point)
      guard points.count == list.count else { return nil }
      self = .metrics(points)
    case "log":
      guard let line = value.stringValue else { return nil }
      self = .log(line)
    case "snapshot":
      guard let step = value.intValue else { return nil }
      self = .snapshot(step: step)
    case "result":
      guard let result = StageResult(json: value) else { return nil }
      self = .result(result)
    case "failed":
      guard let message = value.stringValue else { return nil }
      self = .failed(message)
    case "interrupted": self = .interrupted
    default: return nil
    }
  }

  private init?(progress json: JSON) {
    guard let done = json["done"]?.exactValue, let total = json["total"]?.exactValue,
      let unit = json["unit"]?.stringValue, let note = json["note"]?.stringValue
    else { return nil }
    self = .progress(Progress(done: done, total: total, unit: unit, note: note))
  }

  private static func json(_ point: MetricPoint) -> JSON {
    [
      .string(point.series), .integer(point.step),
      .string(String(point.value.bitPattern, radix: 16)),
    ]
  }

  private static func point(_ json: JSON) -> MetricPoint? {
    guard let parts = json.arrayValue, parts.count == 3, let series = parts[0].stringValue,
      let step = parts[1].intValue,
      let bits = parts[2].stringValue.flatMap({ UInt64($0, radix: 16) })
    else { return nil }
    return MetricPoint(series: series, step: step, value: Double(bitPattern: bits))
  }
}
